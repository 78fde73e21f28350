"""What poison costs: one worker's rate with bytes that are no event among the events, beside its rate without.

Backlogs lie in the source topics before a worker starts; one backlog with poison, one without, in turn, so that a
machine that slows down slows both. Poison is one record in a hundred of the channel topics, and as many again in
`customer-events`, straight. Rates count events alone; the clock runs from when
a worker has its partitions until the last of them is applied.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.request import urlopen
from zlib import crc32

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.bench_system import Bench, bench_system, train_model
from benchmarks.pipeline import Ledgers, Measured
from benchmarks.report import show
from benchmarks.traffic import Body, messages
from benchmarks.workload import Shape, shop
from caudal.embedded import free_port
from caudal.system import READY_TIMEOUT
from streams.topics import APP, CUSTOMER_EVENTS, SERVICE, STORE, WEB
from streams.topics.publisher import Publisher, Record
from streams.topics.reference import reference_records

ONE_IN = 100
"""Events for each record of poison, in the channel topics."""

PAGE = 2_000
"""Records published at once."""

CHANNELS = (WEB.name, APP.name, STORE.name, SERVICE.name)

READY = "partitions assigned"
"""What a worker logs when it begins."""

KINDS = (
    b"%d",
    b'{"type":"track","n":%d',
    b"\xff\xfe %d",
    b'["%d"]',
    b'{"type":"track","event":7,"userId":"poison","n":%d}',
    b'{"type":"track","event":"Product Viewed","messageId":"p-%d"}',
    b'{"type":"track","event":"Product Viewed","userId":"poison","messageId":"p-%d","properties":{}}',
    b'{"a":' * 2_000 + b"%d",
    b"x" * 40_000 + b"%d",
)
"""No text, torn, of the wrong shape, without a customer or an item, nested without end, large."""


@dataclass(frozen=True)
class Found:
    """What the worker's own metrics say when it is done."""

    faults: float = 0
    rejected: float = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(self.faults + other.faults, self.rejected + other.rejected)


def records(told: Iterable[Body], *, poisoned: bool) -> Iterator[Record]:
    """The events, one channel per customer; where poisoned one bad record in ONE_IN, and one in `customer-events`."""
    bad = (kind % n for n, kind in enumerate(itertools.cycle(KINDS)))
    for n, event in enumerate(told):
        customer = str(event["userId"]).encode()
        yield Record(CHANNELS[crc32(customer) % len(CHANNELS)], customer, msgspec.json.encode(event))
        if poisoned and n % ONE_IN == 0:
            yield Record(CHANNELS[n // ONE_IN % len(CHANNELS)], b"poison", next(bad))
            yield Record(CUSTOMER_EVENTS.name, b"poison", next(bad))


async def publish(bench: Bench, outgoing: Iterable[Record]) -> None:
    publisher = Publisher(bench.broker, idempotent=bench.settings.idempotent_producer)
    await publisher.start()
    rest = iter(outgoing)
    while page := list(itertools.islice(rest, PAGE)):
        await publisher.publish(page, timeout=60)
    await publisher.stop()


def load_shop(bench: Bench, shape: Shape) -> None:
    stock = shop(shape)
    asyncio.run(publish(bench, reference_records(stock.items.values(), stock.stores.values(), stock.offers.values())))


def measure(bench: Bench, port: int, events: int, poison: int) -> tuple[Measured, Found]:
    """A worker does the backlog. poison: how much of it lies in `customer-events`, where it counts as applied."""
    before = Ledgers(bench, 0).applied()
    with bench.process("worker", metrics_port=str(port), slates=str(bench.settings.slates)) as worker:
        worker.child.wait_ready(lambda: READY in worker.child.log.read_text(), READY_TIMEOUT)
        started, cpu = time.monotonic(), worker.cpu_seconds()
        Ledgers(bench, 0).wait(before + events + poison)
        return Measured(events, time.monotonic() - started, worker.cpu_seconds() - cpu), found(port)


def found(port: int) -> Found:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:  # loopback, our own
        samples = [s for f in text_string_to_metric_families(answer.read().decode()) for s in f.samples]
    totals = {
        name: sum(sample.value for sample in samples if sample.name == name)
        for name in ("caudal_agent_faults_total", "caudal_rejected_events_total")
    }
    return Found(totals["caudal_agent_faults_total"], totals["caudal_rejected_events_total"])


def run(bench: Bench, count: int, rounds: int) -> dict[str, float | int]:
    """Round 0 warms up and does not count. The order within a round alternates."""
    shape, port, until = Shape(), free_port(), int(time.time() * 1000)
    load_shop(bench, shape)
    measured = dict.fromkeys((False, True), (Measured(), Found()))
    turns = [(number, poisoned) for number in range(rounds + 1) for poisoned in (number % 2 == 0, number % 2 == 1)]
    for place, (number, poisoned) in enumerate(turns):
        told = messages(shape, count, until - (len(turns) - place) * count, run=f"{place}-")
        asyncio.run(publish(bench, records(told, poisoned=poisoned)))
        one, seen = measure(bench, port, count, count // ONE_IN if poisoned else 0)
        if number:
            measured[poisoned] = measured[poisoned][0] + one, measured[poisoned][1] + seen
    return figures(measured, count, rounds)


def figures(measured: dict[bool, tuple[Measured, Found]], count: int, rounds: int) -> dict[str, float | int]:
    (clean, told), (poisoned, seen) = measured[False], measured[True]
    clean_cpu, poisoned_cpu = (one.cpu_seconds / one.events * 1e6 for one in (clean, poisoned))
    return {
        "events_a_backlog": count,
        "rounds": rounds,
        "poison_a_backlog": 2 * (count // ONE_IN),
        "events_per_second": clean.rate,
        "poisoned_events_per_second": poisoned.rate,
        "share_of_rate": poisoned.rate / clean.rate,
        "cpu_us_per_event": clean_cpu,
        "poisoned_cpu_us_per_event": poisoned_cpu,
        "times_cpu": poisoned_cpu / clean_cpu,
        "rejected": told.rejected,
        "poisoned_rejected": seen.rejected,
        "agent_faults": told.faults + seen.faults,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000, help="events of a backlog (default 60,000)")
    parser.add_argument("--rounds", type=int, default=3, help="backlogs with and without poison each (default 3)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    with bench_system() as bench:
        train_model(bench, Shape())
        measured = run(bench, arguments.events // ONE_IN * ONE_IN, arguments.rounds)
        show("What poison costs", measured, as_json=arguments.json)


if __name__ == "__main__":
    main()
