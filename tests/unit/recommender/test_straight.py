"""Compiled code that is called straight is the code that numba would have found."""

from collections.abc import Sequence

import numpy as np
import pytest
from numba import njit

from benchmarks.shelves import random_arrays, ranker_of_chance
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for, warm_slates
from recommender.placements import RECIPES
from recommender.recommend import Query
from recommender.straight import Straight
from retail.customers import EMPTY, CustomerState
from retail.household import Household
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from tests.shop import DAY, NOON, added, bought, customer_who, entered, shop, viewed
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_lately import after, crowd
from tests.unit.recommender.test_recommend import PURCHASES

PAGE = Spot(item="bread", category="Dairy", zone="dairy")


def everybody() -> list[CustomerState]:
    events = (bought("bread", at=NOON - DAY), entered("madrid", NOON - 2, "dairy"), viewed("mug", NOON), added("lamp"))
    return [
        EMPTY,
        *(customer_who(*events[:count]) for count in range(1, len(events) + 1)),
        CustomerState(household=Household({"milk": 1}, {})),
    ]


def ranking() -> Model:
    return make_model("ranking", {**random_arrays(items=40, factors=4, neighbours=3), **ranker_of_chance(40)})


def asked(model: Model, reference: Reference) -> None:
    """Of each placement alone, and of home together."""
    for state in everybody():
        for placement in RECIPES:
            query = Query(customer="ana", state=state, at=NOON, placement=placement, store="madrid")
            slate_for(query, PAGE, model, reference)
    queries: Sequence[Query] = [Query(customer="ana", state=state, at=NOON) for state in everybody()]
    warm_slates(queries, model, reference)


def test_whatever_is_asked_of_whatever_models_the_code_is_of_the_types_that_are_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Straight.__call__
    straight = []

    def checked(kernel: Straight, *arguments: object) -> object:
        known = kernel._checked
        if known is not None and all(one is arguments[n] for one, n in zip(known[0], kernel._anchors, strict=True)):
            straight.append(known[1])
            assert kernel.entry(arguments) is known[1]
        return calls(kernel, *arguments)

    monkeypatch.setattr(Straight, "__call__", checked)
    models = [trained(PURCHASES), after(crowd(5, 4)), ranking(), Model.empty(), trained(PURCHASES)]
    ruled = shop()
    ruled.put_rule("mug", Rule(id="mug", effect=Effect.PIN, items=frozenset({"mug"}), place=1))
    ruled.put_rule("bread", Rule(id="bread", effect=Effect.EXCLUDE, items=frozenset({"bread"})))
    for reference in (shop(), ruled, Reference()):
        for model in models:
            asked(model, reference)
    assert len(set(straight)) > 4


def test_two_models_that_take_turns_are_each_answered_by_their_own_code() -> None:
    total = Straight(njit(lambda some: some.sum()), (0,))
    whole, parts = np.ones(4, np.int64), np.full(4, 0.25)
    assert [total(one) for one in (whole, parts, whole, parts)] == [4, 1.0, 4, 1.0]
    assert [total(one) for one in (whole, whole, whole, parts, parts, parts, whole)] == [4, 4, 4, 1.0, 1.0, 1.0, 4]


def test_slates_of_a_model_are_the_same_before_and_after_the_way_is_known() -> None:
    model, reference = ranking(), shop()
    query = Query(customer="ana", state=everybody()[-2], at=NOON)
    first, *others = (slate_for(query, PAGE, model, reference) for _ in range(5))
    assert others == [first] * 4
