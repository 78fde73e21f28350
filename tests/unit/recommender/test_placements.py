"""Each placement shows what its place is for: the page's item, the cart, the aisle, the last purchase."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.filters import filters_of
from recommender.model import Model, make_model
from recommender.placed import EMPTY_SCOPE, Spot, slate_for
from recommender.placements import RECIPES
from recommender.recommend import Query, recommend
from retail.catalog import Item
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Dropped, Slate, Source
from tests.shop import DAY, HOUR, ITEMS, MINUTE, NOON, added, bought, customer_who, entered, shop
from tests.unit.recommender.shelves import random_arrays, trained
from tests.unit.recommender.test_forbidden import MODELS, customer, world
from tests.unit.recommender.test_recommend import PURCHASES

SHOP = shop()
BEYOND_HOME = sorted(set(RECIPES) - {"home"})


@pytest.fixture(scope="module")
def model() -> Model:
    return trained(PURCHASES)


def placed(
    model: Model,
    placement: str,
    state: CustomerState = CustomerState(),
    *,
    reference: Reference = SHOP,
    store: str = "",
    limit: int = 20,
    spot: Spot | None = None,
    **told: object,
) -> Slate:
    query = Query(customer="ana", state=state, at=NOON, placement=placement, store=store, limit=limit)
    return slate_for(query, spot or Spot(**told), model, reference)  # type: ignore[arg-type]


def ids(slate: Slate) -> list[str]:
    return [one.item for one in slate.items]


def test_home_is_the_slate_that_is_kept_warm(model: Model) -> None:
    ana = customer_who(bought("bread", at=NOON - DAY))
    query = Query(customer="ana", state=ana, at=NOON)
    assert slate_for(query, Spot(item="mug", category="Milk"), model, SHOP) == recommend(query, model, SHOP)


def test_the_page_of_an_item_shows_its_company_and_not_itself(model: Model) -> None:
    slate = placed(model, "item", customer_who(bought("mug", at=NOON - DAY)), item="bread")
    assert slate.items[0].item == "cheese"
    assert slate.items[0].because == "bread"
    assert "bread" not in ids(slate)
    assert Dropped("bread", "in_view") in slate.dropped
    assert slate.fallback == ""


def test_what_is_like_the_item_is_said_to_be_similar_not_to_be_somebodys_taste(model: Model) -> None:
    for item in model.items:
        assert Source.TASTE not in {one.source for one in placed(model, "item", item=item).items}


def test_the_page_of_an_item_that_nobody_bought_yet_shows_its_category_first(model: Model) -> None:
    novelty = Item(id="novelty", category="Lighting")
    slate = placed(model, "item", reference=shop(items=[*ITEMS, novelty]), item="novelty")
    assert slate.items[0].item == "lamp"
    assert slate.fallback == "unknown_history"


def test_a_cart_is_completed_by_what_goes_with_it(model: Model) -> None:
    slate = placed(model, "cart", customer_who(added("bread", at=NOON - DAY)))
    assert slate.items[0].item == "cheese"
    assert slate.items[0].because == "bread"
    assert Dropped("bread", "in_cart") in slate.dropped


def test_a_cart_that_is_told_counts_instead_of_the_one_we_know(model: Model) -> None:
    slate = placed(model, "cart", customer_who(added("bread", at=NOON - DAY)), cart=("mug",))
    assert slate.items[0].item == "lamp"
    assert "mug" not in ids(slate)
    assert "bread" in ids(slate)


def test_an_empty_cart_is_said_to_be_empty(model: Model) -> None:
    slate = placed(model, "cart")
    assert slate.fallback == "empty_cart"
    assert slate.items


def test_a_cart_of_ten_thousand_lines_is_answered(model: Model) -> None:
    slate = placed(model, "cart", CustomerState(cart={f"line-{n}": 1 for n in range(10_000)} | {"bread": 1}))
    assert slate.items[0].item == "cheese"


@pytest.mark.parametrize(("name", "items"), [("Bread", {"bread"}), ("Bakery", {"bread", "croissant"})])
def test_a_category_or_department_shows_nothing_else(model: Model, name: str, items: set[str]) -> None:
    assert set(ids(placed(model, "category", category=name))) == items


def test_an_item_new_in_a_category_is_there_at_once_and_one_that_moved_away_is_not(model: Model) -> None:
    reference = shop()
    assert ids(placed(model, "category", reference=reference, category="Bread")) == ["bread"]
    reference.put_item("rye", Item(id="rye", category="Bread"))
    reference.put_item("mug", Item(id="mug", category="Bread"))
    assert set(ids(placed(model, "category", reference=reference, category="Bread"))) == {"bread", "mug", "rye"}
    reference.put_item("bread", Item(id="bread", category="Toast"))
    reference.put_item("rye", None)
    assert ids(placed(model, "category", reference=reference, category="Bread")) == ["mug"]


def test_a_category_that_nothing_is_of_is_empty_and_says_so(model: Model) -> None:
    slate = placed(model, "category", category="Umbrellas")
    assert (slate.items, slate.fallback) == ((), EMPTY_SCOPE)


def test_a_zone_shows_what_stands_there_by_default_where_the_customer_stands(model: Model) -> None:
    ana = customer_who(entered(at=NOON - MINUTE), entered(zone="bakery", at=NOON))
    assert set(ids(placed(model, "zone", ana))) == {"bread", "croissant"}
    assert set(ids(placed(model, "zone", ana, store="madrid", zone="dairy"))) == {"cheese", "milk"}
    assert set(ids(placed(model, "zone", store="new-york", zone="home"))) == {"mug", "lamp"}


def test_after_a_purchase_comes_what_goes_with_it_and_not_the_same_again(model: Model) -> None:
    ana = customer_who(bought("mug", at=NOON - 20 * DAY), bought("bread", at=NOON - MINUTE))
    slate = placed(model, "after_purchase", ana)
    assert slate.items[0].item == "cheese"
    assert slate.items[0].because == "bread"
    assert Dropped("bread", "just_bought") in slate.dropped


def test_buy_again_shows_what_was_bought_and_nothing_else(model: Model) -> None:
    lamps = [bought("lamp", at=NOON - days * DAY) for days in (30, 20, 10)]
    ana = customer_who(*lamps, bought("milk", at=NOON - 5 * DAY), bought("mug", at=NOON - HOUR))
    slate = placed(model, "buy_again", ana, store="madrid")
    assert ids(slate) == ["lamp", "milk"]
    assert {one.source for one in slate.items} == {Source.BOUGHT_BEFORE}
    assert Dropped("mug", "just_bought") in slate.dropped


def test_who_never_bought_has_nothing_to_buy_again(model: Model) -> None:
    slate = placed(model, "buy_again")
    assert (slate.items, slate.fallback) == ((), "no_history")


def test_no_more_of_a_category_than_its_recipe_allows_while_there_is_something_else(model: Model) -> None:
    plain = shop(items=[Item(id=item) for item in model.items])
    first, second, third, fourth, *_ = ids(placed(model, "cart", reference=plain, cart=("bread",)))
    same = [Item(id=item, category="Same") for item in (first, second, third)]
    reference = shop(items=[*plain.items.values(), *same])
    slate = placed(model, "cart", reference=reference, cart=("bread",), limit=3)
    assert ids(slate) == [first, second, fourth]
    assert Dropped(third, "category_full") in slate.dropped


def test_rather_more_of_a_category_than_a_gap(model: Model) -> None:
    reference = shop(items=[Item(id=item, category="Same", brand="One") for item in model.items])
    assert len(placed(model, "cart", reference=reference, cart=("bread",), limit=5).items) == 5


@pytest.mark.parametrize("placement", BEYOND_HOME)
def test_every_placement_answers_without_model_customer_and_shop(placement: str) -> None:
    slate = placed(Model.empty(), placement, reference=Reference())
    assert slate.items == ()
    assert slate.fallback


@pytest.mark.parametrize("placement", BEYOND_HOME)
@given(seed=st.integers(0, 10_000), model=st.sampled_from(MODELS))
@settings(max_examples=25, deadline=None)
def test_no_placement_shows_a_forbidden_item(placement: str, seed: int, model: Model) -> None:
    chance = np.random.default_rng(seed)
    reference, ana = world(chance), customer(chance)
    spot = Spot("i3", ("i1", "i2") if seed % 2 else None, "c1")
    slate = placed(model, placement, ana, reference=reference, store="madrid", limit=5, spot=spot)
    refusal = filters_of(ana, reference.items, NOON, "madrid").refusal
    assert [one for one in ids(slate) if refusal(one)] == []
    assert len(set(ids(slate))) == len(slate.items)


def test_no_placement_takes_long_with_a_large_assortment() -> None:
    large = make_model("large", random_arrays(items=20_000, factors=64, neighbours=30))
    reference = Reference(items={f"i{n}": Item(id=f"i{n}", category=f"c{n % 300}") for n in range(20_000)})
    ana = customer_who(*(bought(f"i{n * 37}", at=NOON - n * HOUR) for n in range(100)), reference=reference)
    spot = Spot("i370", tuple(f"i{n}" for n in range(20)), "c7")
    for placement in BEYOND_HOME:
        placed(large, placement, ana, reference=reference, spot=spot)
        begun = time.process_time()
        for _ in range(20):
            placed(large, placement, ana, reference=reference, spot=spot)
        assert (time.process_time() - begun) / 20 < 0.02, placement
