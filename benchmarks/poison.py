"""What poison costs: the CPU one worker takes per event with bytes that are no event among the events, and without.

Backlogs lie in the source topics before a worker starts; one backlog with poison, one without, in turn. Poison is one
record in a hundred of the channel topics, and as many again in `customer-events`, straight. Events alone are counted;
the clock runs from when a worker has its partitions until the last of them is applied.

A worker with a backlog is bound by its CPU, so its throughput is the inverse of the CPU an event takes (user and
system), which others on the same machine disturb least. Each round compares its own two backlogs, and the median of
the rounds counts: what one bad minute does to one round moves nothing. The worst and the best round say how far to
trust it.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
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


@dataclass(frozen=True)
class Round:
    """The two backlogs of one round."""

    clean: Measured
    poisoned: Measured

    @property
    def share_of_throughput(self) -> float:
        """What poison leaves of the events that a second of CPU is enough for: 1 where it costs nothing."""
        return cpu_us(self.clean) / cpu_us(self.poisoned)


def cpu_us(measured: Measured) -> float:
    """CPU an event, microseconds."""
    return measured.cpu_seconds / measured.events * 1e6


def run(bench: Bench, count: int, rounds: int) -> dict[str, float | int]:
    """Round 0 warms up and does not count. The order within a round alternates."""
    shape, port, until = Shape(), free_port(), int(time.time() * 1000)
    load_shop(bench, shape)
    compared: list[Round] = []
    told = dict.fromkeys((False, True), Found())
    for number in range(rounds + 1):
        measured: dict[bool, Measured] = {}
        for place, poisoned in enumerate((number % 2 == 0, number % 2 == 1), start=2 * number):
            events = messages(shape, count, until - (2 * (rounds + 1) - place) * count, run=f"{place}-")
            asyncio.run(publish(bench, records(events, poisoned=poisoned)))
            measured[poisoned], seen = measure(bench, port, count, count // ONE_IN if poisoned else 0)
            if number:
                told[poisoned] += seen
        if number:
            compared.append(Round(measured[False], measured[True]))
    return {"poison_a_backlog": 2 * (count // ONE_IN), **figures(compared), **told_of(told)}


def figures(rounds: Sequence[Round]) -> dict[str, float | int]:
    """rounds: one at least."""
    shares = [one.share_of_throughput for one in rounds]
    return {
        "events_a_backlog": rounds[0].clean.events,
        "rounds": len(rounds),
        "share_of_throughput": median(shares),
        "share_in_the_worst_round": min(shares),
        "share_in_the_best_round": max(shares),
        "cpu_us_per_event": median(cpu_us(one.clean) for one in rounds),
        "poisoned_cpu_us_per_event": median(cpu_us(one.poisoned) for one in rounds),
        "events_per_second": median(one.clean.rate for one in rounds),
        "poisoned_events_per_second": median(one.poisoned.rate for one in rounds),
    }


def told_of(told: dict[bool, Found]) -> dict[str, float]:
    clean, poisoned = told[False], told[True]
    return {
        "rejected": clean.rejected,
        "poisoned_rejected": poisoned.rejected,
        "agent_faults": clean.faults + poisoned.faults,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000, help="events of a backlog (default 60,000)")
    parser.add_argument("--rounds", type=int, default=5, help="backlogs with and without poison each (default 5)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    with bench_system() as bench:
        train_model(bench, Shape())
        measured = run(bench, arguments.events // ONE_IN * ONE_IN, arguments.rounds)
        show("What poison costs", measured, as_json=arguments.json)


if __name__ == "__main__":
    main()
