"""What the worker is held against, each a process: stock Faust doing the same work, and a loop that decides nothing.

`python -m benchmarks.contenders stock|limit GROUP COUNT` reads `customer-events` with the addresses of the
settings; it prints one JSON line `{"events", "seconds", "cpu_seconds"}`, timed from the first tenth to the last event.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import faust
import uvloop
from aiokafka import AIOKafkaConsumer
from redis.asyncio import Redis

from benchmarks.workload import Shape, shop
from recommender.model import Model
from recommender.promote import PromotionQuery, promote
from recommender.recommend import Query, recommend
from retail.customers import EMPTY, CustomerState, decode_state, encode_state
from retail.decisions import encode_decision
from retail.events import decode_event
from retail.journey import advance, remember
from retail.slates import encode_slate
from streams.journey import WARM_SLATE
from streams.microbatch import World
from streams.settings import Settings
from streams.state.models import ModelShelf
from streams.topics import CUSTOMER_EVENTS

WARM_UP = 0.1
"""Share of the events before the clock starts: connections, compilation and caches are warm then."""


@dataclass
class Clock:
    """Counts events; runs from the first tenth to the last."""

    count: int
    seen: int = 0
    started: float = 0.0
    cpu: float = 0.0
    count_before: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def tick(self, events: int) -> None:
        self.seen += events
        if not self.started and self.seen >= self.count * WARM_UP:
            self.started, self.cpu, self.count_before = time.monotonic(), time.process_time(), self.seen
        if self.seen >= self.count:
            self.seconds, self.cpu_seconds = time.monotonic() - self.started, time.process_time() - self.cpu
            self.done.set()

    def report(self) -> str:
        figures = {"events": self.seen - self.count_before, "seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        return json.dumps(figures)


async def stock(settings: Settings, clock: Clock) -> None:
    """A plain Faust agent: JSON values, one event at a time: the same fold, decisions, slate and Redis writes."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.broker}",
        datadir=tempfile.gettempdir(),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_session_timeout=6,
        broker_heartbeat_interval=2,
        broker_request_timeout=30,
        value_serializer="json",
    )
    redis = Redis.from_url(settings.redis_url)
    world, shelf = World(shop(Shape())), ModelShelf(settings.models)
    await shelf.refresh()
    topic = app.topic(CUSTOMER_EVENTS.name, value_serializer="json")

    async def agent(stream: Any) -> None:
        async for value in stream:
            await _apply(redis, world, shelf.current, json.dumps(value).encode())
            clock.tick(1)

    app.agent(topic, name="stock")(agent)
    app.finalize()
    await app.start()
    await clock.done.wait()
    print(clock.report(), flush=True)
    await app.stop()


async def _apply(redis: Redis, world: World, model: Model, raw: bytes) -> None:
    event = decode_event(raw)
    blob = await redis.get(f"stock:{event.customer}")
    state = decode_state(blob) if isinstance(blob, bytes) else EMPTY
    advanced = advance(state, event, world.reference, world.journey)
    state = advanced.state
    if advanced.occasion is not None:
        occasion = PromotionQuery(customer=event.customer, state=state, occasion=advanced.occasion)
        decision = promote(occasion, world.reference, world.gate)
        state = remember(state, decision, world.journey)
        await redis.xadd("stock:outbox", {b"d": encode_decision(decision)}, maxlen=1000)
    query = Query(customer=event.customer, state=state, at=event.at, limit=WARM_SLATE)
    slate = encode_slate(recommend(query, model, world.reference))
    await redis.mset({f"stock:slate:{event.customer}": slate, f"stock:{event.customer}": encode_state(state)})


async def limit(settings: Settings, clock: Clock) -> None:
    """A bare loop: fetch, decode, read and write each customer's state, commit; it folds and decides nothing."""
    redis = Redis.from_url(settings.redis_url)
    unknown = encode_state(CustomerState(history=bytes(800)))
    consumer = AIOKafkaConsumer(
        CUSTOMER_EVENTS.name,
        bootstrap_servers=settings.broker,
        group_id=settings.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
    )
    await consumer.start()
    while not clock.done.is_set():
        fetched = await consumer.getmany(timeout_ms=500, max_records=settings.fetch_records)
        decoded = [decode_event(record.value) for records in fetched.values() for record in records]
        if not decoded:
            continue
        keys = list({f"limit:{event.customer}" for event in decoded})
        blobs = await redis.mget(keys)
        states = [decode_state(blob if isinstance(blob, bytes) else unknown) for blob in blobs]
        await redis.mset({key: encode_state(state) for key, state in zip(keys, states, strict=True)})
        await consumer.commit()
        clock.tick(len(decoded))
    print(clock.report(), flush=True)
    await consumer.stop()


CONTENDERS: dict[str, Callable[[Settings, Clock], Awaitable[None]]] = {"stock": stock, "limit": limit}


def main() -> None:
    uvloop.install()
    name, group, count = sys.argv[1:]
    contender = CONTENDERS[name]
    settings = Settings(group=group)

    async def run() -> None:
        await contender(settings, Clock(int(count)))

    asyncio.run(run())


if __name__ == "__main__":
    main()
