import asyncio
import re

import msgspec
import pytest

from gateway import shadowing
from gateway.answers import Recommendations
from gateway.shadowing import overlap
from recommender.model import make_model
from recommender.rollout import Kind, Trial
from recommender.serving import Tried
from retail.attribution import unseal
from retail.catalog import Item
from tests.unit.gateway.running import Running
from tests.unit.recommender.shelves import random_arrays

OLD, NEW = make_model("old", random_arrays(seed=1)), make_model("new", random_arrays(seed=2))


def trying(gateway: Running, kind: Kind, share: float = 100.0) -> Trial:
    for number in range(12):
        gateway.reference.put_item(f"i{number}", Item(id=f"i{number}"))
    trial = Trial("new", kind, share)
    gateway.shelf.current, gateway.shelf.tried = OLD, Tried(trial, NEW)
    return trial


async def asked(gateway: Running, customer: str = "ana") -> Recommendations:
    answer = await gateway.get(f"/v1/recommendations?customer={customer}", "site")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Recommendations)


async def counted(gateway: Running, metric: str) -> float:
    """0 where it is not there yet."""
    found = re.search(rf"^{re.escape(metric)} (\S+)$", (await gateway.get("/metrics", "admin")).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def until_counted(gateway: Running, metric: str, least: float) -> None:
    async with asyncio.timeout(10):
        while await counted(gateway, metric) < least:
            await asyncio.sleep(0.01)


async def test_a_candidate_answers_its_customers_and_the_answer_and_its_token_say_so(gateway: Running) -> None:
    trial = trying(gateway, Kind.CANDIDATE, 50.0)
    customers = [f"customer-{number}" for number in range(20)]
    assert len({trial.includes(customer) for customer in customers}) == 2
    for customer in customers:
        slate = await asked(gateway, customer)
        assert slate.model == ("new" if trial.includes(customer) else "old")
        assert unseal(slate.attribution, b"").model == slate.model


async def test_a_shadow_is_compared_and_never_shown(gateway: Running) -> None:
    compared = 'caudal_shadow_answers_total{outcome="compared",version="new"}'
    before = await counted(gateway, compared)
    trying(gateway, Kind.SHADOW)
    assert (await asked(gateway)).model == "old"
    await until_counted(gateway, compared, before + 1)
    for metric in ('overlap_count{version="new"}', 'seconds_count{by="shadow",version="new"}'):
        assert await counted(gateway, f"caudal_shadow_{metric}") >= 1


async def test_a_shadow_that_fails_costs_nobody_an_answer(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(gateway, Kind.SHADOW)

    def broken(*_: object) -> None:
        raise IndexError("of a new model")

    monkeypatch.setattr(shadowing, "slate_for", broken)
    assert (await asked(gateway)).items
    await until_counted(gateway, 'caudal_shadow_answers_total{outcome="failed",version="new"}', 1)
    assert (await asked(gateway)).items


async def test_of_a_crowd_of_answers_one_is_compared_at_a_time(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadowing, "PAUSE", 1.0)
    trying(gateway, Kind.SHADOW)
    skipped = 'caudal_shadow_answers_total{outcome="skipped",version="new"}'
    before = await counted(gateway, skipped)
    await asyncio.gather(*(asked(gateway, f"customer-{number}") for number in range(5)))
    assert await counted(gateway, skipped) >= before + 4


def test_the_overlap_is_of_the_first_ten() -> None:
    ten = [f"i{number}" for number in range(10)]
    assert overlap(ten, ten[::-1]) == 1.0
    assert overlap([*ten, "more"], [*ten[:9], "other", ten[9]]) == 0.9
    assert overlap(ten, ten[:5]) == 0.5
    assert overlap([], []) == 1.0
    assert overlap(ten, []) == 0.0
