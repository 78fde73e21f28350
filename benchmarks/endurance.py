"""Does memory grow? Worker and gateway under a steady load for half an hour, a line a minute.

The figure is what resident memory grew by from minute FROM to the end. By then everything that has a bound has reached
it, which is what the number of customers is for: each has sent more events than their state remembers (50 interactions,
256 message ids), and 200,000 recent clicks are there. So what still grows, grows without end; only the items that a
customer ever bought go on filling up (`JourneyPolicy.habits`). Minutes in which a backlog stood are told, since
records that wait are in memory, too. Interrupt it at any time for the figures so far.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bench_system import bench_system
from benchmarks.load import Plan, load
from benchmarks.pipeline import Ledgers
from benchmarks.report import Figures, show
from benchmarks.standing import KEY, Standing, rss_mb, standing
from benchmarks.workload import Shape

FROM = 10
"""Minute from which growth counts: at 1,000 events/s each of CUSTOMERS has sent 600 events by then."""

CUSTOMERS = 1_000
"""Few, so that all of their states are full early; their number is what `benchmarks.growth` is about."""

BEHIND = 2.0
"""Seconds' worth of events not applied at the end of a minute that count as a backlog."""

BATCH = 20
"""Events of a request."""


@dataclass(frozen=True)
class Minute:
    """worker, gateway: resident memory, MB. applied: events so far. errors: requests not answered 200 in it."""

    worker: float
    gateway: float
    redis: float
    applied: int
    errors: int


def minutes(system: Standing, shape: Shape, rate: float, count: int) -> Iterator[Minute]:
    """One after each minute of load; events of two minutes are never duplicates of each other."""
    ledgers = Ledgers(system.bench, 0)
    for number in range(count):
        plan = Plan(
            port=system.port,
            key=KEY,
            kind="events",
            shape=shape,
            until=int((time.time() + 60) * 1000),
            per_second=rate / BATCH,
            seconds=60.0,
            batch=BATCH,
            run=f"minute-{number}-",
        )
        with load(plan) as sending:
            sending.start()
            outcome = sending.outcome()
        yield Minute(rss_mb(system.worker), rss_mb(system.gateway), redis_mb(system), ledgers.applied(), outcome.errors)


def redis_mb(system: Standing) -> float:
    return float(system.bench.redis.info("memory")["used_memory"]) / 1e6


def figures(done: list[Minute], rate: float) -> Figures:
    """Growth in per cent of what it was at minute FROM, or at the first where there are not as many."""
    first, last = done[min(FROM, len(done)) - 1], done[-1]
    return {
        "minutes": len(done),
        "planned_events_per_second": rate,
        "events": last.applied,
        "errors": sum(minute.errors for minute in done),
        "minutes_with_a_backlog": sum(
            (number * 60 - BEHIND) * rate > minute.applied for number, minute in enumerate(done, start=1)
        ),
        "worker_mb": last.worker,
        "worker_growth_percent": (last.worker / first.worker - 1) * 100,
        "gateway_mb": last.gateway,
        "gateway_growth_percent": (last.gateway / first.gateway - 1) * 100,
        "redis_mb": last.redis,
    }


def tell(number: int, minute: Minute) -> None:
    print(
        f"minute {number:3}: worker {minute.worker:6.1f} MB, gateway {minute.gateway:6.1f} MB, "
        f"Redis {minute.redis:6.1f} MB, {minute.applied:,} applied, {minute.errors} errors",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="of load (default 30)")
    parser.add_argument("--events-per-second", type=float, default=1000, help="(default 1,000)")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"(default {CUSTOMERS:,})")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    shape, done = Shape(customers=arguments.customers), []
    with bench_system() as bench, standing(bench, shape) as system:
        try:
            for minute in minutes(system, shape, arguments.events_per_second, arguments.minutes):
                done.append(minute)
                tell(len(done), minute)
        except KeyboardInterrupt:
            print("interrupted")
    if done:
        show("Memory under a steady load", figures(done, arguments.events_per_second), as_json=arguments.json)


if __name__ == "__main__":
    main()
