"""How quickly slates are answered: GET /v1/recommendations at a steady rate, open loop, while events arrive.

The customers have histories, sent and applied before; a load process asks, another sends live events. A request counts
from when it was due. Then the same questions in a closed loop: the most that one gateway process answers, events
arriving all the while.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from benchmarks.bench_system import bench_system
from benchmarks.load import Plan, load
from benchmarks.pipeline import Ledgers
from benchmarks.report import Figures, show
from benchmarks.standing import KEY, Standing, rss_mb, standing
from benchmarks.tally import Outcome
from benchmarks.workload import Shape
from gateway.recommendations import STATE_UNAVAILABLE, STATE_UNREADABLE
from recommender.ladder import FILTERED

SHAPE = Shape(customers=5_000)

HISTORY = 60_000
"""Events before the questions: a dozen interactions a customer, hundreds of the busiest."""

MONTH = 30 * 86_400_000
"""Milliseconds over which the history is spread: who is in a session is so by the live events."""

HISTORY_BATCH = 500
"""Events of a request of the history."""

PATIENCE = 120.0
"""Seconds for the history to be applied."""

WARM_UP = 3.0
"""Seconds of questions before anything counts."""

CLOSED = 6.0
"""Seconds of the closed loop, the first of them not counted."""

IN_FLIGHT = 8
"""Questions at once in the closed loop: the gateway always has one waiting."""

WITHOUT_STATE = (STATE_UNAVAILABLE, STATE_UNREADABLE)
"""Fallbacks that are a fault of serving. That a model ranks what is popular before what is a customer's own is its
choice: what the workload's customers buy is left to chance, and tells it nothing."""

BATCH = 20
"""Live events of a request."""


def remember(system: Standing) -> None:
    """Sends the history, and waits until it is applied. Raises RuntimeError, TimeoutError."""
    until = int(time.time() * 1000)
    shape = replace(SHAPE, apart=MONTH // HISTORY)
    plan = Plan(port=system.port, key=KEY, kind="events", shape=shape, until=until, events=HISTORY, connections=4)
    with load(msgspec.structs.replace(plan, batch=HISTORY_BATCH)) as sending:
        sending.start()
        refused = sending.outcome().errors
    if refused:
        raise RuntimeError(f"{refused} requests of the history were refused")
    ledgers, deadline = Ledgers(system.bench, HISTORY), time.monotonic() + PATIENCE
    while (applied := ledgers.applied()) < HISTORY:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{applied} of {HISTORY} events of the history applied in {PATIENCE:.0f} s")
        time.sleep(0.1)


@contextmanager
def arriving(system: Standing, events_per_second: float, seconds: float) -> Iterator[None]:
    """Live events meanwhile, of the same customers. Raises RuntimeError where some were refused."""
    shape = replace(SHAPE, seed=time.monotonic_ns())
    plan = Plan(
        port=system.port,
        key=KEY,
        kind="events",
        shape=shape,
        until=int((time.time() + seconds) * 1000),
        per_second=events_per_second / BATCH,
        seconds=seconds,
        batch=BATCH,
        run=str(shape.seed),
    )
    with load(plan) as sending:
        sending.start()
        yield
        refused = sending.outcome().errors
    if refused:
        raise RuntimeError(f"{refused} requests of live events were refused")


def ask(system: Standing, plan: Plan, events_per_second: float) -> tuple[Outcome, float]:
    """The outcome, and the gateway's CPU seconds while it was asked."""
    with load(plan) as asking, arriving(system, events_per_second, plan.seconds):
        before = system.gateway.cpu_seconds()
        asking.start()
        return asking.outcome(), system.gateway.cpu_seconds() - before


def measure(system: Standing, requests_per_second: float, events_per_second: float, seconds: float) -> Figures:
    """seconds: of the open loop, after its warm-up."""
    plan = Plan(port=system.port, key=KEY, kind="slates", shape=SHAPE, per_second=requests_per_second)
    steady = msgspec.structs.replace(plan, seconds=WARM_UP + seconds, skip=WARM_UP)
    outcome, cpu = ask(system, steady, events_per_second)
    closed = msgspec.structs.replace(plan, per_second=0.0, seconds=CLOSED, skip=1.0, connections=IN_FLIGHT)
    most, most_cpu = ask(system, closed, events_per_second)
    return {
        "p50_ms": outcome.p50_ms,
        "p99_ms": outcome.p99_ms,
        "max_ms": outcome.max_ms,
        "n": outcome.n,
        "requests_per_second": outcome.rate,
        "events_per_second": events_per_second,
        "max_requests_per_second": most.rate,
        "max_p99_ms": most.p99_ms,
        "without_state": sum(told.fallbacks.get(reason, 0) for told in (outcome, most) for reason in WITHOUT_STATE),
        "not_personal": outcome.fallbacks.get(FILTERED, 0) + most.fallbacks.get(FILTERED, 0),
        "errors": outcome.errors + most.errors,
        "load_late_p99_ms": outcome.late_p99_ms,
        "gateway_cpu_us_per_request": cpu / (requests_per_second * steady.seconds) * 1e6,
        "gateway_cpu_share_at_most": most_cpu / CLOSED,
        "gateway_rss_mb": rss_mb(system.gateway),
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests-per-second", type=float, default=500, help="of the open loop (default 500)")
    parser.add_argument("--events-per-second", type=float, default=200, help="arriving meanwhile (default 200)")
    parser.add_argument("--seconds", type=float, default=20, help="that count, after a warm-up (default 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    with bench_system() as bench, standing(bench, SHAPE) as system:
        remember(system)
        figures = measure(system, given.requests_per_second, given.events_per_second, given.seconds)
        show("Recommendations served", figures, as_json=given.json)


if __name__ == "__main__":
    main()
