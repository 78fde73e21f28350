"""Who is not interested is not shown it again for a while; of a category that is waved away thrice `home` has none."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.dismissals import POLICY, dismissals_of
from recommender.filters import filters_of
from recommender.model import Model
from recommender.offer_fitness import unfit_offer
from recommender.placed import Spot, slate_for, warm_slates
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail.catalog import Item, category_key
from retail.customers import CustomerState
from retail.slates import Dropped, Slate, decode_slate
from tests.shop import DAY, ITEMS, NOON, SECOND, bought, customer_who, dismissed, offer, shop
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_recommend import PURCHASES

GLASSES = [Item(id=f"glass-{n}", category="Kitchen") for n in range(3)]
SHOP = shop(items=[*ITEMS, *GLASSES])
ALL_OF_IT = [dismissed(glass.id, NOON - n * DAY) for n, glass in enumerate(GLASSES)]


@pytest.fixture(scope="module")
def model() -> Model:
    return trained(PURCHASES)


def shown(model: Model, state: CustomerState, placement: str = "home", at: int = NOON) -> Slate:
    query = Query(customer="ana", state=state, at=at, placement=placement)
    slate = slate_for(query, Spot(item="milk", category="Kitchen", cart=("milk",)), model, SHOP)
    if placement == "home":
        assert decode_slate(warm_slates([query], model, SHOP)[0]) == slate
    return slate


def who(*events: object) -> CustomerState:
    return customer_who(*events, reference=SHOP)  # type: ignore[arg-type]


@pytest.mark.parametrize("placement", RECIPES)
def test_what_was_waved_away_is_shown_nowhere_and_the_reason_is_told(model: Model, placement: str) -> None:
    before = who(bought("mug", "bread", at=NOON - 5 * DAY))
    if "mug" not in {one.item for one in shown(model, before, placement).items}:
        return
    slate = shown(model, who(bought("mug", "bread", at=NOON - 5 * DAY), dismissed("mug", NOON - DAY)), placement)
    assert "mug" not in {one.item for one in slate.items}
    assert Dropped("mug", "dismissed") in slate.dropped


def test_an_offer_of_nothing_else_is_left_out() -> None:
    mug, both = offer("mug", items=frozenset({"mug"})), offer("both", items=frozenset({"mug", "lamp"}))
    filters = filters_of(who(dismissed("mug")), SHOP.items, NOON)
    assert (unfit_offer(mug, filters, {}), unfit_offer(both, filters, {})) == ("dismissed", "")


def test_after_a_season_it_is_shown_again(model: Model) -> None:
    season = POLICY.item // timedelta(milliseconds=1)
    ana = who(dismissed("mug", NOON))
    assert "mug" not in {one.item for one in shown(model, ana, at=NOON + season - SECOND).items}
    assert "mug" in {one.item for one in shown(model, ana, at=NOON + season).items}


def test_who_buys_it_after_all_is_shown_it(model: Model) -> None:
    assert "mug" in {one.item for one in shown(model, who(dismissed("mug"), bought("mug", at=NOON + SECOND))).items}


def test_home_goes_without_a_category_that_was_waved_away_thrice(model: Model) -> None:
    slate = shown(model, who(*ALL_OF_IT))
    assert Dropped("mug", "category_dismissed") in slate.dropped
    assert "mug" in {one.item for one in shown(model, who(*ALL_OF_IT[:2])).items}


def test_who_asks_for_the_category_gets_it(model: Model) -> None:
    assert "mug" in {one.item for one in shown(model, who(*ALL_OF_IT), "category").items}


def test_the_category_comes_back_after_a_while_and_old_dismissals_do_not_count(model: Model) -> None:
    while_ = POLICY.category // timedelta(milliseconds=1)
    ana = who(*ALL_OF_IT)
    assert "mug" in {one.item for one in shown(model, ana, at=NOON + while_).items}
    old = who(*ALL_OF_IT[:2], dismissed("glass-2", NOON - 40 * DAY))
    assert dismissals_of(old, NOON, home=True).categories == frozenset()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=6))
def test_a_category_rests_where_three_of_its_items_were_waved_away_in_a_month(drawn: list[tuple[int, int]]) -> None:
    days = {n: min(day for other, day in drawn if other == n) for n, _ in drawn}
    newest = min(days.values(), default=99)
    expected = newest < 14 and sum(day - newest < 30 for day in days.values()) >= 3
    ana = who(*(dismissed(f"glass-{n}", NOON - day * DAY) for n, day in drawn))
    assert (dismissals_of(ana, NOON, home=True).categories == {category_key("Kitchen")}) is expected
