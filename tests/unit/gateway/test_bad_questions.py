"""Whatever is asked for, of whatever shop, gets a useful answer that says what it is, or is told what was wrong."""

import msgspec
import pytest

from gateway.answers import Recommendations
from recommender.placements import RECIPES
from retail.catalog import Item
from retail.customers import encode_state
from tests.shop import DAY, NOON, added, bought, customer_who, entered
from tests.unit.gateway.running import Running
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_recommend import PURCHASES

ANA = customer_who(entered("madrid", NOON, "dairy"), bought("bread", at=NOON - DAY), added("mug", at=NOON))
MODEL = trained(PURCHASES)

PAGE = "customer=ana&item=bread&category=Dairy&zone=dairy&store=madrid"


async def asked(gateway: Running, placement: str, more: str = PAGE) -> Recommendations:
    answer = await gateway.get(f"/v1/recommendations?{more}&placement={placement}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Recommendations)


@pytest.mark.parametrize("placement", RECIPES)
async def test_without_a_catalogue_there_is_an_answer(gateway: Running, placement: str) -> None:
    gateway.shelf.current = MODEL
    for item in list(gateway.reference.items):
        gateway.reference.put_item(item, None)
    await gateway.know("ana", encode_state(ANA))
    answer = await asked(gateway, placement)
    assert answer.items or answer.fallback


@pytest.mark.parametrize("placement", RECIPES)
async def test_without_a_model_the_answer_says_so(gateway: Running, placement: str) -> None:
    await gateway.know("ana", encode_state(ANA))
    assert (await asked(gateway, placement)).fallback in {"no_model", "no_order", "empty_scope"}


@pytest.mark.parametrize("placement", RECIPES)
async def test_without_a_shop_and_a_model_nothing_is_shown_and_it_is_said_why(gateway: Running, placement: str) -> None:
    for item in list(gateway.reference.items):
        gateway.reference.put_item(item, None)
    answer = await asked(gateway, placement, PAGE.replace("ana", "stranger"))
    assert answer.items == []
    assert answer.fallback


@pytest.mark.parametrize("placement", RECIPES)
async def test_a_customer_whom_nobody_knows_is_answered(gateway: Running, placement: str) -> None:
    gateway.shelf.current = MODEL
    answer = await asked(gateway, placement, PAGE.replace("ana", "stranger"))
    assert answer.version == 0
    assert answer.items or answer.fallback == "no_history"


@pytest.mark.parametrize("placement", RECIPES)
async def test_an_item_that_was_deleted_is_on_no_placement_though_it_is_asked_about(
    gateway: Running, placement: str
) -> None:
    gateway.shelf.current = MODEL
    gateway.reference.put_item("bread", None)
    await gateway.know("ana", encode_state(ANA))
    assert "bread" not in {one.item for one in (await asked(gateway, placement)).items}


@pytest.mark.parametrize("placement", RECIPES)
async def test_a_store_and_a_zone_that_nobody_knows_are_answered(gateway: Running, placement: str) -> None:
    gateway.shelf.current = MODEL
    await asked(gateway, placement, "customer=ana&item=bread&category=Dairy&zone=attic&store=atlantis")


async def test_items_and_categories_that_nobody_knows_are_answered(gateway: Running) -> None:
    gateway.shelf.current = MODEL
    assert (await asked(gateway, "item", "customer=ana&item=unheard-of")).items
    assert (await asked(gateway, "category", "customer=ana&category=unheard-of")).fallback == "empty_scope"


@pytest.mark.parametrize("placement", RECIPES)
async def test_a_cart_of_ten_thousand_lines_is_read_as_far_as_it_counts(gateway: Running, placement: str) -> None:
    gateway.shelf.current = MODEL
    state = msgspec.structs.replace(ANA, cart={f"line{n}": 1 for n in range(10_000)})
    await gateway.know("ana", encode_state(state))
    await asked(gateway, placement)


async def test_a_cart_of_ten_thousand_lines_in_the_address_is_refused_clearly(gateway: Running) -> None:
    lines = ",".join(f"l{n}" for n in range(10_000))
    answer = await gateway.get(f"/v1/recommendations?customer=ana&placement=cart&cart={lines}")
    assert 400 <= answer.status_code < 500


async def test_prices_are_never_needed(gateway: Running) -> None:
    gateway.shelf.current = MODEL
    gateway.reference.put_item("cheese", Item(id="cheese", name="Manchego", price=None))
    assert "cheese" in {one.item for one in (await asked(gateway, "home")).items}
