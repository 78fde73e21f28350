"""What a worker tells reaches every process that answers, also one that starts later, and harms none."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from recommender.model import Model, make_model
from recommender.recommend import Query, recommend
from recommender.trends import EVERYWHERE
from recommender.warm_up import compile_slates
from retail.catalog import item_key
from retail.clicks import clicks_of
from retail.events import encode_event
from retail.reference import Reference
from retail.slates import Source
from streams.clicks import ClickTeller
from streams.microbatch import MicroBatch, World, fold, read_batch
from streams.origin import origin_header
from streams.state import Ledger
from streams.topics import CLICKS, WEB
from streams.topics.learner import Learner
from streams.topics.records import Record
from tests.contract.conftest import Broker
from tests.contract.test_follower import publish, until
from tests.shop import DAY, SECOND, customer_who, viewed
from tests.unit.recommender.shelves import random_arrays
from tests.unit.streams.test_microbatch import Stored

CUSTOMERS = ("bea", "carl", "dora", "emil")


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """As every process does before it takes part."""
    compile_slates(Model.empty())


def now() -> int:
    return int(time.time() * 1000)


def looked_at(*items: str, at: int) -> MicroBatch:
    """What was folded of customers who each looked at the items one after another."""
    events = [
        viewed(item, at + turn * SECOND, customer=customer) for customer in CUSTOMERS for turn, item in enumerate(items)
    ]
    records = [Stored(n, encode_event(event), [origin_header(WEB.name, 0, n)]) for n, event in enumerate(events)]
    batch = read_batch(3, Ledger(), records)
    fold(batch, World(Reference()))
    return batch


@asynccontextmanager
async def telling(broker: Broker, salt: bytes = b"salt" * 8) -> AsyncIterator[ClickTeller]:
    publisher = broker.publisher()
    teller = ClickTeller(publisher, salt, hours=24.0)
    running = asyncio.create_task(teller.run())
    try:
        yield teller
    finally:
        running.cancel()
        await publisher.stop()


@asynccontextmanager
async def learning(broker: Broker, model: Model) -> AsyncIterator[Learner]:
    learner = Learner(broker.settings, lambda: (model,))
    running = asyncio.create_task(learner.run())
    try:
        yield learner
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def model() -> Model:
    return make_model("m", random_arrays(8))


def sources(of: Model) -> dict[str, Source]:
    looking = customer_who(viewed("i0", now()), reference=Reference())
    slate = recommend(Query(customer="ana", state=looking, at=now() + SECOND), of, Reference())
    return {item.item: item.source for item in slate.items}


async def test_what_others_choose_reaches_every_process_within_seconds(fresh_broker: Broker) -> None:
    worker, gateway = model(), model()
    async with learning(fresh_broker, worker), learning(fresh_broker, gateway), telling(fresh_broker) as teller:
        teller.committed(looked_at("i0", "i7", at=now()))
        await until(lambda: worker.lately.sessions is not None and gateway.lately.sessions is not None)
    for of in (worker, gateway):
        assert sources(of)["i7"] in (Source.SIMILAR_SESSIONS, Source.FOLLOWED)
        assert {trend.item for trend in of.lately.trends.top(EVERYWHERE, now(), 5)} == {item_key("i0"), item_key("i7")}


async def test_a_restarted_process_knows_what_was_told_before(fresh_broker: Broker) -> None:
    first, restarted = model(), model()
    async with telling(fresh_broker) as teller, learning(fresh_broker, first):
        teller.committed(looked_at("i0", "i7", at=now()))
        await until(lambda: first.lately.sessions is not None)
    async with learning(fresh_broker, restarted):
        await until(lambda: restarted.lately.sessions is not None)
    assert sources(restarted) == sources(first)


async def test_what_is_told_twice_or_is_unreadable_or_a_week_old_changes_nothing(fresh_broker: Broker) -> None:
    of = model()
    async with telling(fresh_broker) as teller, learning(fresh_broker, of) as learner:
        batch = looked_at("i0", "i7", at=now())
        teller.committed(looked_at("i0", "i5", at=now() - 7 * DAY))
        teller.committed(batch)
        teller.committed(batch)
        await publish(fresh_broker, Record(CLICKS.name, b"", b"garbage", partition=0))
        await until(lambda: of.lately.sessions is not None and bool(learner.skipped))
    assert learner.skipped == {"malformed_value": 1}
    sessions = of.lately.sessions
    assert sessions is not None
    assert sessions.clicks.tolist() == [0, 7] * len(CUSTOMERS)


async def test_the_next_model_knows_it_too(fresh_broker: Broker) -> None:
    models = [model()]
    learner = Learner(fresh_broker.settings, lambda: (models[-1],))
    learner.take(clicks_told(looked_at("i0", "i7", at=now())))
    await learner.learn()
    models.append(model())
    await learner.learn()
    assert sources(models[1]) == sources(models[0])


async def test_a_model_that_is_tried_learns_what_the_other_learns(fresh_broker: Broker) -> None:
    models = (model(), model())
    learner = Learner(fresh_broker.settings, lambda: models)
    learner.take(clicks_told(looked_at("i0", "i7", at=now())))
    await learner.learn()
    assert models[1].lately.sessions is not None
    assert sources(models[1]) == sources(models[0])


async def test_clicks_are_learned_though_a_mistake_of_ours_came_in_between(fresh_broker: Broker) -> None:
    of, mistakes = model(), [KeyError("model")]

    def models() -> tuple[Model, ...]:
        if mistakes:
            raise mistakes.pop()
        return (of,)

    learner = Learner(fresh_broker.settings, models)
    learner.take(clicks_told(looked_at("i0", "i7", at=now())))
    running = asyncio.create_task(learner.run())
    await until(lambda: of.lately.sessions is not None)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert not mistakes


def clicks_told(batch: MicroBatch) -> bytes:
    return b"".join(clicks_of([arrival.event for arrival in batch.arrivals], batch.states, b"salt" * 8))
