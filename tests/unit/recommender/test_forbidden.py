"""No output path shows what this customer may not be shown, whatever the model, the cart or the fallback."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.filters import filters_of
from recommender.model import Model, make_model
from recommender.promote import OfferQuery, PromotionQuery, eligible, promote
from recommender.recommend import Query, encoded_slates, recommend
from retail.catalog import Item
from retail.consents import MARKETING_PUSH
from retail.customers import CustomerState
from retail.decisions import Push
from retail.household import ANYTHING, Household
from retail.offers import Offer
from retail.reference import Reference
from retail.slates import decode_slate
from tests.shop import GATE, NOON, occasion, offer, shop
from tests.unit.recommender.shelves import random_arrays
from tests.unit.recommender.test_kernel import somebody

MODELS = [make_model("m", random_arrays(items=14, seed=1)), Model.empty()]
BORN = 730_000
"""In 1999."""


def drawn(chance: np.random.Generator, number: int) -> Item:
    ingredients = [None, (), ("rice",), ("peanut oil",), ("rice", "whey"), ("beef",)][int(chance.integers(6))]
    return Item(
        id=f"i{number}",
        category=f"c{number % 3}",
        recalled=bool(chance.random() < 0.1),
        age=18 if chance.random() < 0.2 else 0,
        stock={"madrid": int(chance.integers(2))} if chance.random() < 0.3 else None,
        ingredients=ingredients,
        allergens=("milk",) if chance.random() < 0.1 else (),
    )


def customer(chance: np.random.Generator) -> CustomerState:
    known = somebody(chance)
    allergens = [{}, {"peanut": 1}, {"milk": 1}, {ANYTHING: 1}][int(chance.integers(4))]
    diets = [{}, {"vegan": 1}, {"halal": 1}][int(chance.integers(3))]
    household = Household(allergens, diets, born=[0, BORN, BORN + 8000][int(chance.integers(3))])
    return CustomerState(
        history=known.history, habits=known.habits, household=household, consents={MARKETING_PUSH: True}
    )


def world(chance: np.random.Generator) -> Reference:
    offers = [
        offer(
            f"o{n}", items=frozenset({f"i{n}"} if n % 2 else ()), categories=frozenset(() if n % 2 else {f"c{n % 3}"})
        )
        for n in range(8)
    ]
    return shop(offers=offers, items=[drawn(chance, n) for n in range(16)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.sampled_from(["", "madrid", "nowhere"]))
def test_no_slate_warm_or_read_holds_a_forbidden_item(seed: int, model: Model, store: str) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    query = Query(customer="ana", state=state, at=NOON, store=store, limit=int(chance.integers(1, 20)))
    filters = filters_of(state, reference.items, NOON, store)
    read, warm = recommend(query, model, reference), decode_slate(encoded_slates([query], model, reference)[0])
    assert read == warm
    assert [filters.refusal(one.item) for one in read.items] == [""] * len(read.items)
    assert all(one.reason in (filters.refusal(one.item), "in_view") for one in read.dropped)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_offer_names_a_forbidden_item_neither_asked_for_nor_pushed(seed: int) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    shown: list[Offer] = eligible(OfferQuery(customer="ana", state=state, at=NOON, store="madrid"), reference, GATE)
    decision = promote(PromotionQuery(customer="ana", state=state, occasion=occasion()), reference, GATE)
    if isinstance(decision, Push):
        shown.append(reference.offers[decision.offer])
    filters = filters_of(state, reference.items, NOON, "madrid")
    for one in shown:
        assert [filters.forbidden(item) for item in one.items] == [""] * len(one.items)
        among = [item.id for item in reference.items.values() if item.category in one.categories]
        assert not among or any(not filters.forbidden(item) for item in among)


def test_a_push_left_out_for_the_household_is_told_with_its_reason() -> None:
    peanuts = Item(id="snack", ingredients=("peanuts",))
    reference = shop(offers=[offer("snack-week", items=frozenset({"snack"}))], items=[peanuts])
    state = CustomerState(household=Household({"peanut": 1}), consents={MARKETING_PUSH: True})
    decision = promote(PromotionQuery(customer="ana", state=state, occasion=occasion()), reference, GATE)
    assert [(verdict.offer, verdict.reason) for verdict in decision.verdicts] == [("snack-week", "allergen")]


@pytest.mark.parametrize(("born", "reason"), [(0, "unknown_age"), (BORN + 8000, "too_young"), (BORN, "")])
def test_wine_is_for_those_who_are_known_to_be_old_enough(born: int, reason: str) -> None:
    reference = shop(items=[Item(id="i0", age=18)])
    slate = recommend(
        Query(customer="ana", state=CustomerState(household=Household(born=born)), at=NOON), MODELS[0], reference
    )
    assert {one.item: one.reason for one in slate.dropped}.get("i0", "") == reason
    assert ("i0" in [one.item for one in slate.items]) == (not reason)


def test_with_no_catalogue_at_all_an_allergic_household_is_shown_nothing() -> None:
    state = CustomerState(household=Household({"milk": 1}))
    assert recommend(Query(customer="ana", state=state, at=NOON), MODELS[0], Reference()).items == ()
