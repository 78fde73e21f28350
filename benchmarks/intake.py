"""How many events a second one gateway process accepts, singly and in batches of 20, each answered once Kafka has it.

Side by side, in turns, with a bare ASGI handler that reads the same requests and only counts them (`benchmarks.bare`):
what the server alone costs. Then the time an answer takes at 1,000 single events a second, open loop.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import msgspec

from benchmarks.bench_system import STOP_TIMEOUT, Bench, Process, bench_system
from benchmarks.load import Plan, load
from benchmarks.report import Figures, show
from benchmarks.standing import KEY, rss_mb
from benchmarks.tally import Outcome
from benchmarks.workload import Shape
from caudal.child import Child
from caudal.embedded import free_port
from caudal.system import READY_TIMEOUT, answers

SHAPE = Shape(customers=5_000)
ROUNDS = 3
CONNECTIONS = 64
"""At once in the closed loop: the servers always have some waiting."""

BATCH = 20
STEADY = 1_000.0
"""Single events a second of the open loop."""


@contextmanager
def gateway(bench: Bench) -> Iterator[tuple[Process, int]]:
    port = free_port()
    with bench.process("gateway", host="127.0.0.1", port=str(port), app_keys=KEY) as process:
        process.child.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"), READY_TIMEOUT)
        yield process, port


@contextmanager
def bare(bench: Bench) -> Iterator[tuple[Process, int]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare", str(port)]
    child = Child.start("bare", command, bench.folder / "bare.log")
    try:
        child.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/"), READY_TIMEOUT)
        yield Process(child), port
    finally:
        child.stop(STOP_TIMEOUT)


def plan(port: int, batch: int, events: int, run: str) -> Plan:
    return Plan(
        port=port,
        key=KEY,
        kind="events",
        shape=SHAPE,
        until=int(time.time() * 1000),
        run=run,
        batch=batch,
        events=events,
        connections=CONNECTIONS,
    )


def flood(process: Process, asked: Plan) -> tuple[Outcome, float]:
    """The outcome, and the process's CPU microseconds an event."""
    with load(asked) as sending:
        before = process.cpu_seconds()
        sending.start()
        outcome = sending.outcome()
        return outcome, (process.cpu_seconds() - before) / asked.events * 1e6


def measure(bench: Bench, events: int, seconds: float) -> Figures:
    """events: of a round in batches; singly a quarter of it."""
    figures: dict[str, float] = {}
    with gateway(bench) as (process, port), bare(bench) as (idle, bare_port):
        for name, batch, count in (("batches", BATCH, events), ("singly", 1, events // 4)):
            ours, theirs = [], []
            for n in range(ROUNDS):
                ours.append(flood(process, plan(port, batch, count, f"{name}-{n}-")))
                theirs.append(flood(idle, plan(bare_port, batch, count, f"{name}-{n}-")))
            rate, counted = (median(outcome.rate * batch for outcome, _ in some) for some in (ours, theirs))
            figures |= {
                f"{name}_per_second": rate,
                f"{name}_bare_per_second": counted,
                f"{name}_share_of_bare": rate / counted,
                f"{name}_cpu_us_per_event": median(cpu for _, cpu in ours),
                f"{name}_bare_cpu_us_per_event": median(cpu for _, cpu in theirs),
                f"{name}_errors": sum(outcome.errors for outcome, _ in ours),
            }
        steady = msgspec.structs.replace(plan(port, 1, 0, "steady-"), per_second=STEADY, seconds=seconds + 2, skip=2.0)
        with load(steady) as sending:
            sending.start()
            outcome = sending.outcome()
        figures |= {
            "steady_p50_ms": outcome.p50_ms,
            "steady_p99_ms": outcome.p99_ms,
            "steady_n": outcome.n,
            "steady_errors": outcome.errors,
            "steady_load_late_p99_ms": outcome.late_p99_ms,
            "gateway_rss_mb": rss_mb(process),
            "load_average": os.getloadavg()[0],
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="of a round in batches (default 100,000)")
    parser.add_argument("--seconds", type=float, default=15, help="of the open loop that count (default 15)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    with bench_system() as bench:
        show("Events accepted", measure(bench, given.events, given.seconds), as_json=given.json)


if __name__ == "__main__":
    main()
