"""What is tried on customers: only low on the page, only what they may have, and as often as is said."""

from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.exploration import HOUR, ExplorationPolicy, Explored, deepened, drawn
from recommender.filters import filters_of
from recommender.model import Model, make_model
from recommender.placed import NOWHERE, Spot, slate_for
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail.catalog import Item
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Source
from tests.shop import NOON
from tests.unit.recommender.shelves import random_arrays
from tests.unit.recommender.test_forbidden import MODELS, customer, world

HALF = ExplorationPolicy(rate=0.5)
ALWAYS = ExplorationPolicy(rate=1.0, places=(2, 3))
STRANGER = CustomerState()


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model("m", random_arrays(items=60))


@pytest.fixture(scope="module")
def wide(model: Model) -> Reference:
    return Reference(items={item: Item(id=item) for item in model.items})


def explored(query: Query, spot: Spot, model: Model, reference: Reference, policy: ExplorationPolicy) -> Explored:
    """As the gateway answers."""
    return drawn(query, slate_for(deepened(query, policy), spot, model, reference), policy)


def ana(at: int = NOON, *, name: str = "ana", limit: int = 10, placement: str = "home") -> Query:
    return Query(customer=name, state=STRANGER, at=at, limit=limit, placement=placement)


def test_by_default_nothing_is_tried(model: Model, wide: Reference) -> None:
    slate, draws = explored(ana(), NOWHERE, model, wide, ExplorationPolicy())
    assert slate == slate_for(ana(), NOWHERE, model, wide)
    assert draws == ()


def test_the_first_seven_places_are_the_ranked_ones(model: Model, wide: Reference) -> None:
    ranked = slate_for(ana(), NOWHERE, model, wide)
    for hour in range(40):
        slate, draws = explored(ana(NOON + hour * HOUR), NOWHERE, model, wide, HALF)
        assert slate.items[:7] == ranked.items[:7]
        assert len(slate.items) == len({one.item for one in slate.items}) == 10
        assert [draw.place for draw in draws] == [7, 8, 9]


def test_an_explored_item_says_so(model: Model, wide: Reference) -> None:
    slate, draws = explored(ana(), NOWHERE, model, wide, ExplorationPolicy(rate=1.0))
    assert [one.source for one in slate.items[7:]] == [Source.EXPLORED] * 3
    for draw in draws:
        assert slate.items[draw.place].item in draw.items[1:]


def test_a_page_that_is_loaded_again_within_the_hour_is_the_same(model: Model, wide: Reference) -> None:
    first = explored(ana(NOON), NOWHERE, model, wide, HALF)
    again = explored(ana(NOON + HOUR - 1), NOWHERE, model, wide, HALF)
    assert [one.item for one in first.slate.items] == [one.item for one in again.slate.items]


def test_another_hour_or_customer_draws_anew(model: Model, wide: Reference) -> None:
    hours = {explored(ana(NOON + n * HOUR), NOWHERE, model, wide, HALF).slate.items for n in range(20)}
    others = {explored(ana(name=f"c{n}"), NOWHERE, model, wide, HALF).slate.items for n in range(20)}
    assert len(hours) > 10
    assert len(others) > 10


def test_each_item_is_shown_as_often_as_is_said(model: Model, wide: Reference) -> None:
    shown, n = Counter[str](), 1500
    policy = ExplorationPolicy(rate=0.4)
    for number in range(n):
        slate = explored(ana(name=f"c{number}"), NOWHERE, model, wide, policy).slate
        shown.update(one.item for one in slate.items)
    for draw in explored(ana(), NOWHERE, model, wide, policy).draws:
        for item, probability in zip(draw.items, draw.probabilities(), strict=True):
            assert abs(shown[item] / n - probability) < 4 * (probability * (1 - probability) / n) ** 0.5


def test_no_two_places_can_draw_the_same_item(model: Model, wide: Reference) -> None:
    draws = explored(ana(), NOWHERE, model, wide, HALF).draws
    candidates = [item for draw in draws for item in draw.items]
    assert len(candidates) == len(set(candidates)) == 15


def test_where_the_shop_has_nothing_else_nothing_is_tried(model: Model) -> None:
    few = Reference(items={item: Item(id=item) for item in model.items[:8]})
    slate, draws = explored(ana(), NOWHERE, make_model("few", random_arrays(items=8)), few, HALF)
    assert draws == ()
    assert len(slate.items) == 8


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.sampled_from(["home", "buy_again", "cart"]))
def test_what_is_tried_passes_every_filter(seed: int, small: Model, placement: str) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    query = Query(customer="ana", state=state, at=NOON, limit=int(chance.integers(1, 7)), placement=placement)
    slate, draws = explored(query, NOWHERE, small, reference, ALWAYS)
    refusal = filters_of(state, reference.items, NOON, "").refusal
    for item in [one.item for one in slate.items] + [item for draw in draws for item in draw.items]:
        assert refusal(item) == ""


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.sampled_from(sorted(RECIPES)))
def test_a_longer_slate_begins_with_the_shorter_one(seed: int, small: Model, placement: str) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    limit = int(chance.integers(1, 7))
    short = Query(customer="ana", state=state, at=NOON, limit=limit, placement=placement)
    slate = slate_for(msgspec.structs.replace(short, limit=limit + 12), NOWHERE, small, reference)
    assert slate.items[:limit] == slate_for(short, NOWHERE, small, reference).items
