"""What entered the catalogue a moment ago stands beside what it is like, though nobody chose it yet."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import msgspec
import pytest

from recommender.model import Model
from recommender.newcomers import NEWEST, SHOWN, Newcomers, alike, newcomers_of
from recommender.placed import Spot, slate_for
from recommender.recommend import Query
from retail.catalog import Item
from retail.customers import CustomerState
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from retail.slates import Slate, Source
from tests.shop import DAY, NOON, bought, customer_who, dismissed
from tests.unit.recommender.shelves import trained

BLUE = Item(id="blue", name="Blue stoneware mug", category="Kitchen", brand="Olla", price=1299)
RED = Item(id="red", name="Red stoneware mug", category="Kitchen", brand="Olla", price=1199)
PAN = Item(id="pan", name="Iron frying pan", category="Kitchen", brand="Hierro", price=4599)
LAMP = Item(id="lamp", name="Desk lamp", category="Lighting", brand="Luz", price=3999)
GREEN = Item(id="green", name="Green stoneware mug", category="Kitchen", brand="Olla", price=1299)


@pytest.fixture(scope="module")
def model() -> Model:
    lines = [
        (who, n, item, n, "") for n, who in enumerate(("ana", "ben", "eva")) for item in ("blue", "red", "pan", "lamp")
    ]
    return trained(lines)


def shop(*more: Item) -> Reference:
    reference = Reference(items={item.id: item for item in (BLUE, RED, PAN, LAMP)})
    for item in more:
        reference.put_item(item.id, item)
    return reference


def slate(
    model: Model, reference: Reference, placement: str, state: CustomerState = CustomerState(), **spot: str
) -> Slate:
    query = Query(customer="ana", state=state, at=NOON, placement=placement, limit=20)
    return slate_for(query, Spot(**spot), model, reference)  # type: ignore[arg-type]


def test_a_newcomer_is_beside_the_items_that_it_is_like(model: Model) -> None:
    reference = shop(GREEN)
    near = [item for item, _ in alike(GREEN, model, reference)]
    assert set(near[:2]) == {"blue", "red"}
    assert "lamp" not in near


def test_an_item_that_enters_the_catalogue_is_on_the_page_of_a_similar_one_at_once(model: Model) -> None:
    reference = shop()
    assert "green" not in {one.item for one in slate(model, reference, "item", item="blue").items}
    reference.put_item("green", GREEN)
    found = {one.item: one for one in slate(model, reference, "item", item="blue").items}
    assert (found["green"].source, found["green"].because) == (Source.NEW, "red")


def test_its_own_page_shows_first_what_it_is_like(model: Model) -> None:
    shown = slate(model, shop(GREEN), "item", item="green")
    assert [one.source for one in shown.items[:2]] == [Source.SIMILAR] * 2
    assert {one.item for one in shown.items[:2]} == {"blue", "red"}
    assert len({one.item for one in shown.items}) == len(shown.items)


def test_whoever_likes_its_kind_sees_it_in_the_aisle(model: Model) -> None:
    fond = customer_who(bought("blue", at=NOON - DAY), reference=Reference())
    shown = slate(model, shop(GREEN), "category", fond, category="Kitchen").items
    places = {one.item: place for place, one in enumerate(shown)}
    assert next(one.source for one in shown if one.item == "green") is Source.NEW
    assert places["green"] < places["pan"]


def test_home_shows_it_to_who_is_for_its_kind_and_not_to_others(model: Model) -> None:
    fond = customer_who(bought("blue", at=NOON - DAY), reference=Reference())
    shown = slate(model, shop(GREEN), "home", fond).items
    found = {one.item: one for one in shown}
    assert (found["green"].source, found["green"].because) == (Source.NEW, "blue")
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)
    assert Source.NEW not in {one.source for one in slate(model, shop(GREEN), "home").items}


def test_on_home_it_passes_the_filters_and_the_rules(model: Model) -> None:
    fond = customer_who(bought("blue", at=NOON - DAY), reference=Reference())
    recalled = shop(msgspec.structs.replace(GREEN, recalled=True))
    assert "green" not in {one.item for one in slate(model, recalled, "home", fond).items}
    ruled = shop(GREEN)
    ruled.put_rule("stop", Rule(id="stop", effect=Effect.EXCLUDE, items=frozenset({"green"})))
    assert "green" not in {one.item for one in slate(model, ruled, "home", fond).items}
    kept = customer_who(bought("blue", at=NOON - DAY), reference=ruled)
    away = msgspec.structs.replace(kept, dismissed=customer_who(dismissed("green"), reference=ruled).dismissed)
    assert "green" not in {one.item for one in slate(model, shop(GREEN), "home", away).items}


def test_home_stays_as_long_as_was_asked_for_and_has_two_newcomers_at_most(model: Model) -> None:
    many = [Item(id=f"new-{n}", name="Stoneware mug", category="Kitchen", brand="Olla") for n in range(9)]
    fond = customer_who(bought("blue", at=NOON - DAY), reference=Reference())
    reference = shop(*many)
    query = Query(customer="ana", state=fond, at=NOON, limit=4)
    shown = slate_for(query, Spot(), model, reference).items
    assert len(shown) == len({one.item for one in shown}) == 4
    assert sum(one.source is Source.NEW for one in shown) <= 2


def test_it_is_in_no_aisle_that_it_is_not_of(model: Model) -> None:
    shown = slate(model, shop(GREEN), "category", category="Lighting")
    assert [one.item for one in shown.items] == ["lamp"]


def test_a_newcomer_that_is_recalled_or_gone_is_shown_no_more(model: Model) -> None:
    reference = shop(GREEN)
    assert "green" in {one.item for one in slate(model, reference, "item", item="blue").items}
    reference.put_item("green", Item(id="green", name="Green mug", category="Kitchen", recalled=True))
    assert "green" not in {one.item for one in slate(model, reference, "item", item="blue").items}
    reference.put_item("green", None)
    assert "green" not in {one.item for one in slate(model, reference, "item", item="blue").items}


def test_few_newcomers_are_on_a_slate_and_only_the_latest_are_looked_at(model: Model) -> None:
    many = [Item(id=f"new-{n}", name="Stoneware mug", category="Kitchen", brand="Olla") for n in range(NEWEST + 40)]
    reference = shop(*many[:NEWEST])
    shown = slate(model, reference, "item", item="blue")
    assert [one.source for one in shown.items].count(Source.NEW) == SHOWN
    for item in many[NEWEST:]:
        reference.put_item(item.id, item)
    followed = newcomers_of(model, reference)
    assert list(followed.near) == [item.id for item in many[40:]]


def test_followed_step_by_step_they_are_as_built_anew(model: Model) -> None:
    reference = shop()
    newcomers_of(model, reference)
    for item in (GREEN, PAN, Item(id="bowl", name="Stoneware bowl", category="Kitchen", brand="Olla")):
        reference.put_item(item.id, item)
    followed = newcomers_of(model, reference)
    fresh = shop(GREEN, PAN, Item(id="bowl", name="Stoneware bowl", category="Kitchen", brand="Olla"))
    anew = newcomers_of(model, fresh)
    assert followed.near == anew.near
    assert {known: new for known, new in followed.beside.items() if new} == anew.beside


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_a_model_is_made_ready_while_the_catalogue_is_being_loaded(model: Model) -> None:
    reference, done = shop(), Event()

    def load() -> None:
        for n in count():
            if done.is_set():
                return
            reference.put_item(f"i{n}", Item(id=f"i{n}", name="Pan"))
            reference.put_item(f"i{n - 500}", None)

    with ThreadPoolExecutor(1) as loader:
        loading = loader.submit(load)
        try:
            for _ in range(200):
                Newcomers(model, reference)
        finally:
            done.set()
        loading.result()


def test_an_item_without_name_category_or_price_is_like_none(model: Model) -> None:
    reference = shop(Item(id="bare"), Item(id="kitchen-thing", category="Kitchen", price=0))
    assert not any(newcomers_of(model, reference).near.values())
