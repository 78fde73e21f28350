import pytest

from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.recommend import Query, recommend, recommend_many
from recommender.warm_up import compile_slates
from retail.catalog import Item
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Dropped, Slate, Source
from tests.shop import DAY, MINUTE, NOON, added, bought, customer_who, removed, shop, viewed
from tests.unit.recommender.shelves import Line, trained

SHOP = shop()
PURCHASES: list[Line] = [
    (f"c{n % 9}", n, item, NOON // 1000 - 20 * 86_400 + n * 3600, "madrid" if n % 2 else "new-york")
    for n, basket in enumerate(
        [("bread", "cheese"), ("milk", "croissant"), ("bread", "cheese", "milk"), ("mug", "lamp")] * 8
    )
    for item in basket
]


@pytest.fixture(scope="module")
def model() -> Model:
    return trained(PURCHASES)


def asked(state: CustomerState = CustomerState(), **fields: object) -> Query:
    return Query(customer="ana", state=state, **{"at": NOON, **fields})  # type: ignore[arg-type]


def ids(slate: Slate) -> list[str]:
    return [item.item for item in slate.items]


def test_what_was_bought_again_and_again_comes_first_with_its_reason(model: Model) -> None:
    ana = customer_who(*(bought("lamp", at=NOON - days * DAY) for days in (30, 20, 10)))
    slate = recommend(asked(ana), model, SHOP)
    assert slate.items[0].item == "lamp"
    assert slate.items[0].source is Source.BOUGHT_BEFORE
    assert slate.items[0].because == "lamp"
    assert slate.fallback == ""


def test_after_the_bread_was_viewed_its_companion_is_shown_and_says_so(model: Model) -> None:
    slate = recommend(asked(customer_who(viewed("bread", at=NOON - MINUTE))), model, SHOP)
    assert slate.items[0].item == "cheese"
    assert slate.items[0].source is Source.SEEN_TOGETHER
    assert slate.items[0].because == "bread"


def test_the_item_on_the_screen_is_not_recommended_on_top_of_itself(model: Model) -> None:
    slate = recommend(asked(customer_who(viewed("bread", at=NOON - MINUTE))), model, SHOP)
    assert "bread" not in ids(slate)
    assert Dropped("bread", "in_view") in slate.dropped


def test_an_item_viewed_yesterday_may_be_recommended(model: Model) -> None:
    assert "bread" in ids(recommend(asked(customer_who(viewed("bread", at=NOON - DAY))), model, SHOP))


def test_an_item_taken_out_of_the_cart_brings_no_companions(model: Model) -> None:
    ana = customer_who(added("bread", at=NOON - 2 * MINUTE), removed("bread", at=NOON - MINUTE))
    assert {item.source for item in recommend(asked(ana), model, SHOP).items} == {Source.POPULAR}


def test_what_is_in_the_cart_is_dropped_with_a_reason(model: Model) -> None:
    slate = recommend(asked(customer_who(added("cheese", at=NOON - MINUTE))), model, SHOP)
    assert "cheese" not in ids(slate)
    assert Dropped("cheese", "in_cart") in slate.dropped


def test_what_the_shop_no_longer_sells_is_dropped_with_a_reason(model: Model) -> None:
    items = [Item(id="cheese", available=False), *(Item(id=item) for item in ("bread", "milk", "croissant", "mug"))]
    slate = recommend(asked(), model, shop(items=items))
    assert {(one.item, one.reason) for one in slate.dropped} == {("cheese", "unavailable"), ("lamp", "unknown")}
    assert set(ids(slate)) == {"bread", "milk", "croissant", "mug"}


def test_an_empty_catalogue_refuses_nothing(model: Model) -> None:
    assert set(ids(recommend(asked(), model, Reference()))) == set(model.items)


def test_a_stranger_in_a_store_sees_what_is_popular_there(model: Model) -> None:
    slate = recommend(asked(store="madrid", limit=2), model, SHOP)
    assert {item.source for item in slate.items} == {Source.POPULAR_HERE}
    assert slate.fallback == "no_history"


@pytest.mark.parametrize("store", ["", "nowhere"])
def test_a_stranger_anywhere_else_sees_what_is_popular(model: Model, store: str) -> None:
    slate = recommend(asked(store=store), model, SHOP)
    assert ids(slate) == list(model.items)
    assert {item.source for item in slate.items} == {Source.POPULAR}
    assert slate.fallback == "no_history"


def test_a_history_of_unknown_items_is_said_to_be_unknown(model: Model) -> None:
    slate = recommend(asked(customer_who(viewed("umbrella", at=NOON - DAY), reference=Reference())), model, SHOP)
    assert slate.fallback == "unknown_history"


def test_without_a_model_the_catalogue_answers_in_its_order() -> None:
    slate = recommend(asked(limit=3), Model.empty(), SHOP)
    assert ids(slate) == list(SHOP.items)[:3]
    assert {item.source for item in slate.items} == {Source.CATALOG}
    assert slate.fallback == "no_model"


def test_without_a_model_and_a_catalogue_the_slate_is_empty_and_says_why() -> None:
    slate = recommend(asked(customer_who(bought("mug"))), Model.empty(), Reference())
    assert slate.items == ()
    assert slate.fallback == "no_model"


def test_new_items_of_the_catalogue_follow_what_the_model_knows(model: Model) -> None:
    catalog = shop(items=[*SHOP.items.values(), Item(id="novelty")])
    assert ids(recommend(asked(), model, catalog)) == [*model.items, "novelty"]


def test_everything_filtered_is_a_fallback_with_its_own_name(model: Model) -> None:
    state = customer_who(bought("mug", at=NOON - DAY), reference=Reference())
    slate = recommend(asked(state), model, shop(items=[Item(id="novelty")]))
    assert ids(slate) == ["novelty"]
    assert slate.fallback == "filtered"


@pytest.mark.parametrize(("limit", "items"), [(-1, 1), (0, 1), (1, 1), (4, 4), (100, 6), (5000, 6)])
def test_a_slate_has_as_many_items_as_asked_for_and_there_are(model: Model, limit: int, items: int) -> None:
    assert len(recommend(asked(limit=limit), model, SHOP).items) == items


def test_no_item_is_on_a_slate_twice(model: Model) -> None:
    ana = customer_who(bought("bread", "cheese", at=NOON - DAY), viewed("milk", at=NOON - DAY))
    slate = recommend(asked(ana, store="madrid", limit=100), model, SHOP)
    assert len(set(ids(slate))) == len(ids(slate))


def test_a_slate_tells_state_and_model_it_was_made_from(model: Model) -> None:
    ana = customer_who(bought("bread", at=NOON - DAY), viewed("mug", at=NOON - DAY))
    slate = recommend(asked(ana, placement="cart"), model, SHOP)
    assert (slate.customer, slate.placement, slate.at, slate.version, slate.model) == (
        "ana",
        "cart",
        NOON,
        ana.version,
        "trained",
    )


def test_nobody_asked_is_nobody_answered(model: Model) -> None:
    assert recommend_many([], model, SHOP) == []


def test_a_source_without_weight_is_never_the_reason(model: Model) -> None:
    ana = customer_who(bought("bread", at=NOON - DAY))
    slate = recommend(asked(ana), model, SHOP, BlendPolicy(habit=0.0, taste=0.0, together=0.0, here=0.0))
    assert {item.source for item in slate.items} == {Source.POPULAR}


def test_warming_up_needs_no_items() -> None:
    compile_slates(Model.empty())
