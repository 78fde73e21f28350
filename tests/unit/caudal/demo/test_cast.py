"""The cast of the shop floor: the same every time, in stores that are open, for offers that exist."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from caudal.demo.cast import WALKERS, Errand, cast, live_audience, stores_by_wakefulness
from caudal.demo.lines import find_guest, has_curl, without_curl, write_lines
from caudal.demo.year import Year
from caudal.system import Keys
from recommender.policy import GatePolicy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize("day", [NOON, datetime(2026, 6, 23, 12, tzinfo=UTC)], ids=["winter", "summer"])
def test_at_every_hour_some_store_is_open_for_pushes(year: Year, day: datetime) -> None:
    policy = GatePolicy()
    for half_hours in range(48):
        moment = day + timedelta(minutes=30 * half_hours)
        stores = stores_by_wakefulness(year.shop.stores, milliseconds(moment))
        for store in stores[:2]:
            local = moment.astimezone(ZoneInfo(store.time_zone)).time()
            assert policy.quiet_until <= local < policy.quiet_from


def test_the_cast_is_the_same_every_time(year: Year) -> None:
    moved = year.moved(milliseconds(NOON))
    first, second = (cast(moved.receipts, moved.shop, milliseconds(NOON)) for _ in range(2))
    assert first == second
    assert len({walker.customer for walker in first}) == WALKERS


def test_the_cast_shows_every_way_a_push_can_go(year: Year) -> None:
    moved = year.moved(milliseconds(NOON))
    walkers = cast(moved.receipts, moved.shop, milliseconds(NOON))
    audience = live_audience(moved.shop.offers, milliseconds(NOON))
    assert {walker.errand for walker in walkers} == set(Errand)
    assert any(walker.customer in audience for walker in walkers)
    assert any(walker.customer not in audience for walker in walkers)


def test_at_any_time_of_the_week_some_offer_is_due_in_a_zone(year: Year) -> None:
    for hours in range(0, 7 * 24, 5):
        now = milliseconds(NOON + timedelta(hours=hours))
        moved = year.moved(now)
        guest = find_guest(moved.shop, frozenset(), now)
        assert guest.customer in guest.offer.customers
        assert guest.offer.starts <= now < guest.offer.ends


def test_the_guest_is_nobody_who_has_another_part(year: Year) -> None:
    now = milliseconds(NOON)
    moved = year.moved(now)
    taken = frozenset({find_guest(moved.shop, frozenset(), now).customer})
    assert find_guest(moved.shop, taken, now).customer not in taken


def test_lines_for_curl_and_without_curl_are_three(year: Year) -> None:
    now = milliseconds(NOON)
    moved = year.moved(now)
    lines = write_lines(find_guest(moved.shop, frozenset(), now), "http://127.0.0.1:1", Keys())
    assert len(lines) == 3
    assert all(line.startswith("curl ") and "\n" not in line for line in lines)
    assert all(without_curl(line).startswith("python3 -c ") for line in lines)
    assert isinstance(has_curl(), bool)
