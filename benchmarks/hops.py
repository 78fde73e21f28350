"""What each hop of the chain costs: gateway, identify, journey with and without slates, relay, deliver.

The gateway is a process, sent as much as it takes. Of the worker each agent is handed the records of its topics as its
consumer would hand them, `fetch_records` at a time, one hop after the other in one process, so that only its own work
counts, the broker's client included; `fetch` is what reading them costs beside. Events a second are those of one core:
the inverse of the CPU. The chain is the sum: each event is read twice, the outputs of all are relayed.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from benchmarks.bench_system import Bench, bench_system, train_model
from benchmarks.load import Plan, load
from benchmarks.pipeline import fill
from benchmarks.report import show
from benchmarks.standing import KEY
from benchmarks.traffic import messages
from benchmarks.workload import Shape, shop
from caudal.embedded import free_port
from caudal.system import READY_TIMEOUT, answers
from recommender import promote
from streams.deliver import Deliver
from streams.identify import Identify
from streams.journey import Deciding, Journey
from streams.meters import Meters
from streams.microbatch import World
from streams.ownership import Ownership
from streams.received import BareResults, Records
from streams.records import Fetched, Progress
from streams.relay import Pending, Relay
from streams.repair import Repair, Told
from streams.settings import Settings
from streams.shedding import Shedding, Slates
from streams.snapshot_rounds import SnapshotRounds
from streams.state.models import ModelShelf
from streams.state.redis import RedisState
from streams.topics import APP, CUSTOMER_EVENTS, PROMOTIONS, Topic
from streams.topics.provision import partitions_of
from streams.topics.publisher import Publisher, Record

T = TypeVar("T")

PAGE = 2_000
"""Records published at once."""

RELAYED_AT_ONCE = 8
"""Outbox entries of a round of the relay: a large fetch's, of all partitions."""


class Kept(Relay):
    """Keeps what a journey hands over, to be relayed afterwards."""

    kept: list[Pending]

    async def send(self, pending: Pending) -> None:
        self.kept.append(pending)


@dataclass
class Meter:
    """CPU of this process by hop, microseconds an event."""

    events: int
    costs: dict[str, float] = field(default_factory=dict)

    async def measure(self, hop: str, work: Callable[[], Awaitable[None]]) -> None:
        before = time.process_time()
        await work()
        self.costs[hop] = (time.process_time() - before) / self.events * 1e6


@dataclass(frozen=True)
class Parts:
    """What the agents share, as in a worker."""

    settings: Settings
    state: RedisState
    publisher: Publisher
    world: World
    models: ModelShelf
    progress: Progress = field(default_factory=Progress)
    meters: Meters = field(default_factory=Meters)

    def journey(self, slates: Slates) -> Journey:
        owned = Ownership(self.settings.kept_states_bytes, self.settings.customer_partitions)
        relay = Kept(self.state, self.publisher)
        relay.kept = []
        return Journey(
            state=self.state,
            relay=relay,
            repair=Repair.from_settings(self.settings, self.state, owned, Told(self.meters, self.progress)),
            deciding=Deciding(self.world, self.models, Shedding(slates, self.settings.slate_lag_budget)),
            progress=self.progress,
            meters=self.meters,
            owned=owned,
            snapshots=SnapshotRounds.from_settings(self.settings, self.state, owned, self.meters),
        )

    def deliver(self) -> Deliver:
        return Deliver(
            self.state,
            self.publisher,
            self.world.reference,
            self.world.gate,
            self.progress,
            self.meters,
            self.settings.customer_partitions,
        )

    def identify(self) -> Identify:
        return Identify(self.publisher, self.progress, self.meters, self.settings.customer_partitions)


async def read(settings: Settings, topic: Topic) -> list[Fetched]:
    """All records of a topic, as fetches of at most `fetch_records`."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker, enable_auto_commit=False)
    await consumer.start()
    BareResults.install(consumer._fetcher)  # noqa: SLF001 - as the worker's own reads
    partitions = [TopicPartition(topic.name, n) for n in range(partitions_of(topic, settings))]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    left = sum((await consumer.end_offsets(partitions)).values())
    fetches: list[Fetched] = []
    while left > 0:
        found = await consumer.getmany(timeout_ms=500, max_records=settings.fetch_records)
        fetched = {TP(place.topic, place.partition): cast(Records, records) for place, records in found.items()}
        left -= sum(map(len, fetched.values()))
        if fetched:
            fetches.append(Fetched(fetched))
    await consumer.stop()
    return fetches


async def send_raw(settings: Settings, publisher: Publisher, count: int) -> None:
    """The events as the gateway writes them."""
    told = [msgspec.json.encode(each) for each in messages(Shape(), count, int(time.time() * 1000))]
    for first in range(0, count, PAGE):
        records = [Record(APP.name, b"key-%d" % (first + n), raw) for n, raw in enumerate(told[first : first + PAGE])]
        await publisher.publish(records, timeout=60)


async def relay_all(parts: Parts, pending: Sequence[Pending]) -> None:
    relay = Relay(parts.state, parts.publisher)
    running = asyncio.create_task(relay.run())
    for first in range(0, len(pending), RELAYED_AT_ONCE):
        for each in pending[first : first + RELAYED_AT_ONCE]:
            await relay.send(each)
        while relay.depths():  # noqa: ASYNC110 - the relay tells nobody when it has nothing left
            await asyncio.sleep(0.01)
    running.cancel()


async def walk(settings: Settings, count: int) -> dict[str, float]:
    """The hops of a worker, one after the other on the same events; microseconds of CPU an event."""
    state = RedisState.from_settings(settings)
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    parts = Parts(settings, state, publisher, World(shop(Shape())), ModelShelf(settings.models))
    await publisher.start()
    await parts.models.refresh()
    promote.warm_up()
    await send_raw(settings, publisher, count)
    meter, raw = Meter(count), await read(settings, APP)
    identify = parts.identify()
    await meter.measure("identify", lambda: _each(identify.apply, raw))
    resolved: list[Fetched] = []

    async def fetch() -> None:
        resolved.extend(await read(settings, CUSTOMER_EVENTS))

    await meter.measure("fetch", fetch)
    for slates, hop in ((Slates.NEVER, "journey_shed"), (Slates.ALWAYS, "journey")):
        await _journeys(parts, meter, hop, slates, resolved)
    await publisher.stop()
    await state.close()
    return meter.costs


async def _journeys(parts: Parts, meter: Meter, hop: str, slates: Slates, resolved: list[Fetched]) -> None:
    """On a Redis emptied before; what is decided with slates goes on to the relay and to deliver."""
    await parts.state.calls.at_every_primary(b"FLUSHDB")
    journey = parts.journey(slates)
    works = [{tp.partition: records for tp, records in each.partitions.items()} for each in resolved]
    await _each(journey.apply, works[:1])
    await meter.measure(hop, lambda: _each(journey.apply, works[1:]))
    meter.costs[hop] *= meter.events / max(1, meter.events - len(resolved[0]))
    if slates is Slates.ALWAYS:
        pending = cast(Kept, journey.relay).kept
        await meter.measure("relay", lambda: relay_all(parts, pending))
        deliver, decided = parts.deliver(), await read(parts.settings, PROMOTIONS)
        await meter.measure("deliver", lambda: _each(deliver.apply, decided))


async def _each(action: Callable[[T], Awaitable[None]], things: Sequence[T]) -> None:
    for thing in things:
        await action(thing)


def gateway_cost(bench: Bench, batch: int, seconds: float) -> float:
    """Microseconds of CPU an accepted event, sent `batch` a request as fast as they are answered."""
    port = free_port()
    with bench.process("gateway", host="127.0.0.1", port=str(port), app_keys=KEY) as gateway:
        gateway.child.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"), READY_TIMEOUT)
        _send(port, batch, 100 * batch)
        events = int(seconds * (2_000 if batch == 1 else 15_000))
        before = gateway.cpu_seconds()
        _send(port, batch, events)
        return (gateway.cpu_seconds() - before) / events * 1e6


def _send(port: int, batch: int, events: int) -> None:
    plan = Plan(
        port=port, key=KEY, kind="events", shape=Shape(), until=int(time.time() * 1000), batch=batch, events=events
    )
    with load(plan) as sending:
        sending.start()
        if refused := sending.outcome().errors:
            raise RuntimeError(f"{refused} requests were refused")


def figures(costs: dict[str, float], count: int) -> dict[str, float | int]:
    """costs: microseconds an event by hop."""
    chain = (
        sum(costs[hop] for hop in ("gateway_single", "identify", "journey", "relay", "deliver")) + 2 * costs["fetch"]
    )
    out: dict[str, float | int] = {"events": count}
    for hop, cost in {**costs, "chain": chain}.items():
        out[f"{hop}_cpu_us_per_event"] = cost
        out[f"{hop}_events_per_second_per_core"] = 1e6 / cost
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--events", type=int, default=60_000, help="that walk through the worker's hops (default 60,000)"
    )
    parser.add_argument("--seconds", type=float, default=5, help="about, for each gateway measurement (default 5)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    with bench_system() as bench:
        asyncio.run(fill(bench, Shape(), 0))
        train_model(bench, Shape())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            walked = runner.run(walk(bench.settings, given.events))
        single, batched = gateway_cost(bench, 1, given.seconds), gateway_cost(bench, 20, given.seconds)
        costs = {"gateway_single": single, "gateway_batch_20": batched, **walked}
        show("CPU of each hop", figures(costs, given.events), as_json=given.json)


if __name__ == "__main__":
    main()
