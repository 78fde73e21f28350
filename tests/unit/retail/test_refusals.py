import pytest

from retail.customers import EMPTY
from retail.events import Event
from retail.habits import RECORD
from retail.journey import advance
from retail.reference import Reference
from retail.stores import Store, beacon_id
from tests.shop import (
    BAKERY_BEACON,
    JOURNEY,
    MADRID,
    added,
    bought,
    customer_who,
    entered,
    exited,
    removed,
    shop,
    sighted,
    viewed,
)

SHOP = shop()


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (viewed("yeti"), "unknown_item"),
        (added("yeti"), "unknown_item"),
        (removed("yeti"), "unknown_item"),
        (entered("atlantis"), "unknown_store"),
        (exited("atlantis"), "unknown_store"),
        (entered("atlantis", zone="dairy"), "unknown_store"),
        (entered("madrid", zone="attic"), "unknown_zone"),
        (exited("madrid", zone="attic"), "unknown_zone"),
        (sighted("lost:0:0"), "unknown_beacon"),
    ],
)
def test_what_the_shop_does_not_have_is_refused_and_changes_nothing(event: Event, code: str) -> None:
    advanced = advance(EMPTY, event, SHOP, JOURNEY)
    assert advanced.rejected == code
    assert advanced.state is EMPTY


@pytest.mark.parametrize("event", [viewed("yeti"), added("yeti"), entered("atlantis"), entered("atlantis", zone="x")])
def test_a_shop_that_is_not_loaded_refuses_nothing(event: Event) -> None:
    assert advance(EMPTY, event, Reference(), JOURNEY).rejected == ""


def test_a_beacon_is_unknown_as_long_as_no_store_is_loaded() -> None:
    assert advance(EMPTY, sighted(), Reference(), JOURNEY).rejected == "unknown_beacon"


def test_a_store_without_zones_has_any_zone() -> None:
    plain = shop(stores=[Store(id="kiosk", name="Kiosk")])
    assert advance(EMPTY, entered("kiosk", zone="front"), plain, JOURNEY).rejected == ""


def test_an_order_keeps_lines_that_the_catalogue_does_not_know() -> None:
    state = customer_who(bought("milk", "yeti", store="atlantis"))
    assert (state.orders, len(state.habits) // RECORD.size) == (1, 2)


def test_a_refused_event_may_come_again_once_the_shop_knows_it() -> None:
    event = viewed("yeti")
    refused = advance(EMPTY, event, SHOP, JOURNEY)
    assert advance(refused.state, event, Reference(), JOURNEY).state.version == 1


def test_a_beacon_that_moved_is_found_at_its_new_place() -> None:
    reference = shop()
    reference.put_store("madrid", None)
    assert BAKERY_BEACON not in reference.places
    reference.put_store("madrid", MADRID)
    assert reference.places[BAKERY_BEACON].zone == "bakery"


def test_a_beacon_is_known_by_its_uuid_with_or_without_hyphens() -> None:
    assert beacon_id("F7826DA64FA24E988024BC5B71E0893E:1:2") == BAKERY_BEACON
