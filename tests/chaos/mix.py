"""The mix: events at a rate, a random fault every few seconds, then quiet, then the verdict."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.checker import Verdict, judge
from tests.chaos.driver import Driver, Nuisances, driving
from tests.chaos.faults import Fault, possible
from tests.chaos.journal import Journal
from tests.chaos.lag import Probe
from tests.chaos.system import System, started
from tests.chaos.traffic import Traffic

Tell = Callable[[str], None]

WARM_UP = 3.0
"""Seconds of traffic before the first fault."""


@dataclass(frozen=True)
class Plan:
    """events: in all. rate: a second. every: seconds from the end of a fault to the next one."""

    events: int = 20_000
    rate: float = 1000.0
    every: float = 10.0
    seed: int = 1
    workers: int = 2


@dataclass(frozen=True)
class Struck:
    """name: of the fault. what: what exactly. at: seconds from the first event. lasted: seconds.

    recovered: seconds from its end until the lag was below a second, None where the next fault came first.
    """

    name: str
    what: str
    at: float
    lasted: float
    recovered: float | None


@dataclass(frozen=True)
class Outcome:
    """took: seconds of traffic. load: the machine's when it was over, over 1, 5 and 15 minutes, by all that ran there.

    restarts: ends of workers that nobody asked for, by status.
    """

    plan: Plan
    verdict: Verdict
    struck: list[Struck]
    versions: str
    took: float
    load: tuple[float, float, float]
    restarts: dict[int, int] = field(default_factory=dict)


def run_mix(plan: Plan, folder: Path, tell: Tell = lambda _: None, faults: list[Fault] | None = None) -> Outcome:
    """faults: those to draw from, all that the servers can take by default. Ctrl-C ends the traffic, not all."""
    journal = Journal()
    with started(folder, workers=plan.workers) as system:
        tell(f"ready: {system.servers.versions}, {plan.workers} workers, logs in {folder}")
        probe = Probe(system)
        probe.start()
        traffic = Traffic(events=plan.events, rate=plan.rate, seed=plan.seed, belated=0.02)
        began = time.monotonic()
        try:
            with driving(system, journal, traffic, Nuisances()) as driver:
                moments = list(_strikes(system, driver, plan, tell, faults or possible(system)))
        finally:
            journal.write(folder / "journal.jsonl")
        took, load = time.monotonic() - began, os.getloadavg()
        probe.stop()
        tell(f"all {len(journal)} events acknowledged after {took:.0f} s; waiting until all is quiet, then comparing")
        verdict = judge(system, journal)
        restarts = _unasked(system)
        return Outcome(plan, verdict, _recoveries(moments, probe, began), system.servers.versions, took, load, restarts)


@dataclass(frozen=True)
class _Moment:
    name: str
    what: str
    began: float
    over: float


def _strikes(system: System, driver: Driver, plan: Plan, tell: Tell, faults: list[Fault]) -> Iterator[_Moment]:
    """Every fault once before any comes again."""
    draw = Random(plan.seed)
    bag: list[Fault] = []
    try:
        _wait(driver, WARM_UP)
        while driver.under_way:
            if not bag:
                bag = draw.sample(faults, len(faults))
            fault = bag.pop()
            began = time.monotonic()
            what = fault.strike(system, draw)
            yield _Moment(fault.name, what, began, time.monotonic())
            tell(f"{driver.progress:>9} events sent; {what}")
            _wait(driver, plan.every)
    except KeyboardInterrupt:
        tell("interrupted: no more events")
        driver.stopped.set()


def _wait(driver: Driver, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and driver.under_way:
        time.sleep(0.05)


def _recoveries(moments: list[_Moment], probe: Probe, began: float) -> list[Struck]:
    nexts = [moment.began for moment in moments[1:]] + [float("inf")]
    return [
        Struck(
            moment.name,
            moment.what,
            moment.began - began,
            moment.over - moment.began,
            probe.recovery(moment.over, following),
        )
        for moment, following in zip(moments, nexts, strict=True)
    ]


def _unasked(system: System) -> dict[int, int]:
    ends: dict[int, int] = {}
    for ending in system.workers.endings:
        if not ending.meant:
            ends[ending.status] = ends.get(ending.status, 0) + 1
    return ends
