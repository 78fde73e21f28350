"""A key that floods is told when to come back; others do not notice."""

from dataclasses import dataclass

import pytest

from gateway.errors import Refused
from gateway.rates import BURST, Rates
from tests.unit.gateway.running import SETTINGS, running


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def spent(rates: Rates, key: str, events: int) -> None:
    rates.check(key)
    rates.count(key, events)


def test_a_key_may_send_its_rate_and_after_a_pause_some_seconds_worth_at_once() -> None:
    clock = Clock()
    rates = Rates(10.0, clock)
    spent(rates, "site", int(10 * BURST))
    for _ in range(20):
        clock.now += 1.0
        spent(rates, "site", 10)


def test_who_sent_too_much_waits_as_long_as_told() -> None:
    clock = Clock()
    rates = Rates(10.0, clock)
    spent(rates, "site", int(10 * BURST) + 25)
    with pytest.raises(Refused) as refused:
        rates.check("site")
    assert (refused.value.status, refused.value.retry_after) == (429, 3)
    spent(rates, "till", 1)
    clock.now += 3.0
    rates.check("site")


def test_a_batch_larger_than_any_burst_is_taken_too() -> None:
    spent(Rates(1.0, Clock()), "site", 5000)


def test_without_a_rate_nobody_waits() -> None:
    rates = Rates(0.0)
    for _ in range(10):
        spent(rates, "site", 1_000_000)


async def test_a_flood_is_answered_429_with_retry_after_and_other_keys_are_served() -> None:
    async with running(SETTINGS.model_copy(update={"key_rate": 1.0})) as gateway:
        event = {"event": "Product Viewed", "userId": "ana", "properties": {"product_id": "mug"}}
        assert (await gateway.post("/v1/batch", {"batch": [event] * 8})).status_code == 200
        flooded = await gateway.post("/v1/track", event, origin="https://shop.example")
        assert (flooded.status_code, flooded.json()["code"]) == (429, "rate_limited")
        assert int(flooded.headers["retry-after"]) >= 3
        assert flooded.headers["access-control-allow-origin"] == "https://shop.example"
        assert (await gateway.post("/v1/track", event, "app")).status_code == 200
