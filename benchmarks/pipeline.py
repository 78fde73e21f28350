"""How many events a second one worker applies, beside stock Faust doing the same and a loop that decides nothing.

All run one after the other on the same broker, the same Redis and the same `customer-events` topic, each as one
process; the clock of each runs from the first tenth of the events to the last. `--events` for more or fewer.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.bench_system import Bench, bench_system, train_model
from benchmarks.report import show
from benchmarks.workload import Shape, events, shop
from retail.events import encode_event
from streams.origin import origin_header
from streams.state import keys
from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record
from streams.topics.reference import reference_records

STOCK_SHARE = 0.1
"""Share of the events that stock Faust gets: it would take minutes for all, and its rate is steady."""

PAGE = 5_000
"""Records published at once."""


@dataclass(frozen=True)
class Measured:
    """What one contender did between the first tenth and the last event, over all its rounds."""

    events: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(self.events + other.events, self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    @property
    def rate(self) -> float:
        return self.events / self.seconds


async def fill(bench: Bench, shape: Shape, count: int) -> None:
    """The shop into its topics, the events into `customer-events`, as `identify` would write them."""
    publisher = Publisher(bench.broker, idempotent=False)
    await publisher.start()
    reference = shop(shape)
    stock = reference_records(reference.items.values(), reference.stores.values(), reference.offers.values())
    await publisher.publish(stock, timeout=60)
    page: list[Record] = []
    for n, event in enumerate(events(shape, count, until=int(time.time() * 1000))):
        header = origin_header(WEB.name, 0, n)
        partition = partition_of(event.customer, bench.settings.customer_partitions)
        key = event.customer.encode()
        page.append(Record(CUSTOMER_EVENTS.name, key, encode_event(event), (header,), partition))
        if len(page) == PAGE or n == count - 1:
            await publisher.publish(page, timeout=60)
            page = []
    await publisher.stop()


def measure_worker(bench: Bench, slates: str, count: int, group: str) -> Measured:
    """The real worker, watched from outside through its ledgers."""
    with bench.process("worker", group=group, slates=slates) as worker:
        ledgers = Ledgers(bench, count)
        ledgers.wait(count // 10)
        first, started, cpu = ledgers.applied(), time.monotonic(), worker.cpu_seconds()
        ledgers.wait(count)
        seconds = time.monotonic() - started
        return Measured(count - first, seconds, worker.cpu_seconds() - cpu)


@dataclass(frozen=True)
class Ledgers:
    """The ledgers of all partitions, summed."""

    bench: Bench
    count: int

    def applied(self) -> int:
        pipeline = self.bench.redis.pipeline(transaction=False)
        for partition in range(self.bench.settings.customer_partitions):
            pipeline.hget(keys.ledger(partition), "next")
        return sum(int(value or 0) for value in pipeline.execute())

    def wait(self, count: int) -> None:
        while self.applied() < count:
            time.sleep(0.01)


def measure_contender(bench: Bench, name: str, count: int, group: str) -> Measured:
    command = [sys.executable, "-m", "benchmarks.contenders", name, group, str(count)]
    output = subprocess.run(command, env=bench.environment(), capture_output=True, text=True, check=True)
    return Measured(**json.loads(output.stdout.strip().splitlines()[-1]))


def run(bench: Bench, count: int, rounds: int) -> dict[str, float | int]:
    """Each contender on a Redis emptied before, in turn, so that a machine that slows down slows all of them."""
    asyncio.run(fill(bench, Shape(), count))
    measured = dict.fromkeys(("always", "limit", "never", "stock"), Measured())
    for number in range(rounds):
        for name in measured:
            bench.redis.flushdb()
            measured[name] += measure(bench, name, count, f"bench-{name}-{number}")
    return {**figures(measured, count), "rounds": rounds}


def measure(bench: Bench, name: str, count: int, group: str) -> Measured:
    if name in ("always", "never"):
        return measure_worker(bench, name, count, group)
    return measure_contender(bench, name, int(count * STOCK_SHARE) if name == "stock" else count, group)


def figures(measured: dict[str, Measured], count: int) -> dict[str, float | int]:
    full, shed, stock, limit = (measured[name] for name in ("always", "never", "stock", "limit"))
    return {
        "events": count,
        "events_per_second": full.rate,
        "shed_events_per_second": shed.rate,
        "stock_faust_events_per_second": stock.rate,
        "limit_events_per_second": limit.rate,
        "times_stock_faust": full.rate / stock.rate,
        "share_of_limit": full.rate / limit.rate,
        "shed_share_of_limit": shed.rate / limit.rate,
        "cpu_us_per_event": full.cpu_seconds / full.events * 1e6,
        "shed_cpu_us_per_event": shed.cpu_seconds / shed.events * 1e6,
        "stock_faust_cpu_us_per_event": stock.cpu_seconds / stock.events * 1e6,
        "limit_cpu_us_per_event": limit.cpu_seconds / limit.events * 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="events in the topic (default 200,000)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender (default 3)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    with bench_system() as bench:
        train_model(bench, Shape())
        show("One worker's journey pipeline", run(bench, arguments.events, arguments.rounds), as_json=arguments.json)


if __name__ == "__main__":
    main()
