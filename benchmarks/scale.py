"""What an event costs the workers with more partitions and with more workers, the load staying the same.

Every arrangement has servers of its own (embedded: Kafka keeps a topic's partitions for ever), the same steady events
over HTTP, and is measured for the same time. CPU is of the workers, and of the gateway beside them, per event applied;
a ratio compares two arrangements of the same round.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bench_system import bench_system
from benchmarks.load import Plan, load
from benchmarks.pipeline import Ledgers
from benchmarks.report import show
from benchmarks.standing import KEY, Standing, standing
from benchmarks.workload import Shape

FIRST = 2_000
"""Events that are applied before the load starts: every partition was looked at once then, every kernel is there."""

WARM_UP = 4.0
"""Seconds of load before anything counts."""

BATCH = 20
"""Events of a request: the workers are asked here, not the gateway."""


@dataclass(frozen=True)
class Arrangement:
    """partitions: of each topic of events."""

    partitions: int
    workers: int

    @property
    def name(self) -> str:
        return f"{self.partitions}_partitions_{self.workers}_workers"


@dataclass(frozen=True)
class Measured:
    """workers, gateway: microseconds of CPU an event, of all workers together. rate: events applied a second."""

    workers: float
    gateway: float
    rate: float


def warm(system: Standing) -> None:
    """Returns when the first events are applied."""
    until = int(time.time() * 1000)
    plan = Plan(port=system.port, key=KEY, kind="events", shape=Shape(), until=until, run="first-", events=FIRST)
    with load(plan) as sending:
        sending.start()
        if refused := sending.outcome().errors:
            raise RuntimeError(f"{refused} requests were refused")
    Ledgers(system.bench, FIRST).wait(FIRST)


def measure(system: Standing, rate: float, seconds: float) -> Measured:
    lasts = WARM_UP + seconds + 1
    plan = Plan(
        port=system.port,
        key=KEY,
        kind="events",
        shape=Shape(),
        until=int((time.time() + lasts) * 1000),
        per_second=rate / BATCH,
        seconds=lasts,
        batch=BATCH,
    )
    ledgers = Ledgers(system.bench, 0)
    with load(plan) as sending:
        sending.start()
        time.sleep(WARM_UP)
        started, first = time.monotonic(), ledgers.applied()
        workers, gateway = system.worker_cpu_seconds(), system.gateway.cpu_seconds()
        time.sleep(seconds)
        applied, took = ledgers.applied() - first, time.monotonic() - started
        workers, gateway = system.worker_cpu_seconds() - workers, system.gateway.cpu_seconds() - gateway
    return Measured(workers / applied * 1e6, gateway / applied * 1e6, applied / took)


def run(series: Sequence[Sequence[Arrangement]], rate: float, seconds: float, rounds: int) -> dict[str, float]:
    """series: arrangements that are compared with the first of them, all of one round. The order turns every round."""
    wanted = list(dict.fromkeys(each for compared in series for each in compared))
    measured: dict[Arrangement, list[Measured]] = {each: [] for each in wanted}
    for number in range(rounds):
        for each in wanted[:: -1 if number % 2 else 1]:
            with bench_system(each.partitions) as bench, standing(bench, Shape(), each.workers) as system:
                warm(system)
                measured[each].append(measure(system, rate, seconds))
    return {**figures(measured), **ratios(series, measured)}


def figures(measured: Mapping[Arrangement, Sequence[Measured]]) -> dict[str, float]:
    """Medians of the rounds."""
    found: dict[str, float] = {}
    for each, all_rounds in measured.items():
        found[f"{each.name}_cpu_us_per_event"] = median(one.workers for one in all_rounds)
        found[f"{each.name}_gateway_cpu_us_per_event"] = median(one.gateway for one in all_rounds)
        found[f"{each.name}_events_per_second"] = median(one.rate for one in all_rounds)
    return found


def ratios(
    series: Sequence[Sequence[Arrangement]], measured: Mapping[Arrangement, Sequence[Measured]]
) -> dict[str, float]:
    """What an event costs the workers, in terms of the first of each series: the median of the rounds' own ratios, so
    that a minute in which the machine is slow for all of them moves nothing."""
    return {
        f"{each.name}_times_{first.name}": median(
            one.workers / other.workers for one, other in zip(measured[each], measured[first], strict=True)
        )
        for first, *others in filter(None, series)
        for each in others
    }


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000, help="events a second (default 1,000)")
    parser.add_argument("--seconds", type=float, default=15, help="that count, for each arrangement (default 15)")
    parser.add_argument(
        "--partitions", type=_numbers, default=[4, 16, 64], help="with one worker (default 4,16,64); '' for none"
    )
    parser.add_argument(
        "--workers", type=_numbers, default=[1, 2, 4], help="with 16 partitions (default 1,2,4); '' for none"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each arrangement (default 3)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    series = [[Arrangement(n, 1) for n in given.partitions], [Arrangement(16, n) for n in given.workers]]
    found = run(series, given.rate, given.seconds, given.rounds)
    show(f"CPU an event at {given.rate:,.0f} events/s", {**found, "rounds": given.rounds}, as_json=given.json)


if __name__ == "__main__":
    main()
