"""Every fault point is walked: a worker is killed there, and a fault of our own is raised there; nothing comes of it.

One system for many: each case has workers of its own, sends customers of its own, and is judged on all that was sent.
"""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
from streams.faults import Point
from tests.chaos.checker import judge
from tests.chaos.driver import drive
from tests.chaos.journal import Journal
from tests.chaos.quiet import await_quiet
from tests.chaos.system import System, started
from tests.chaos.traffic import Traffic
from tests.live.test_snapshots import await_snapshots

pytestmark = [pytest.mark.live, pytest.mark.slow]

NOT_YET: dict[Point, str] = {}
"""Points that nothing reaches, and why."""

EVENTS = 1_000
"""Enough for some pushes, whatever the seed."""

NEEDS_PUSHES = {Point.DELIVER_BEFORE_POST, Point.DELIVER_BEFORE_REPORT, Point.DELIVER_BEFORE_PROGRESS}
"""So the consents, which come over another topic than the visits, must be known already."""

NEEDS_A_WIPED_REDIS = {Point.JOURNEY_IN_REPAIR, Point.RESTORE_BETWEEN_PAGES}
HEALED_BY_THE_NEXT_EVENT = {Point.JOURNEY_BEFORE_SLATES}
"""Without a warm slate the read path decides; the customer's next event makes one again."""

NEEDS_THE_PAST = {Point.TIMERS_BEFORE_PUBLISH}
HOURS_AGO = 2 * 3_600_000
"""Milliseconds: a visit of then is over now."""

NEEDS_SNAPSHOTS = {Point.RESTORE_BETWEEN_PAGES, Point.SNAPSHOT_BEFORE_MARKER}
OFTEN: dict[str, object] = {"snapshot_minutes": 2 / 60}
NEVER: dict[str, object] = {"snapshot_minutes": 0}
"""Without snapshots the whole log is there to be repaired from."""

REACHED_WITHIN = 60.0
"""Seconds; most points are reached by the first event."""

POINTS = set(Point) - NOT_YET.keys()
ACTIONS = ("kill", "raise")

Trial = tuple[System, Journal]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with started(tmp_path_factory.mktemp("points"), workers=0, settings=NEVER) as system:
        yield system, Journal()


@pytest.fixture(scope="module")
def snapshotting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with started(tmp_path_factory.mktemp("snapshots"), workers=0, settings=OFTEN) as system:
        yield system, Journal()


@pytest.mark.parametrize(("point", "action"), list(product(sorted(POINTS - NEEDS_SNAPSHOTS), ACTIONS)))
def test_nothing_is_lost_or_doubled_at(plain: Trial, point: Point, action: str) -> None:
    walk(plain, point, action)


@pytest.mark.parametrize(("point", "action"), list(product(sorted(NEEDS_SNAPSHOTS), ACTIONS)))
def test_nothing_is_lost_or_doubled_with_snapshots_at(snapshotting: Trial, point: Point, action: str) -> None:
    walk(snapshotting, point, action)


def walk(trial: Trial, point: Point, action: str) -> None:
    system, journal = trial
    system.workers.stop()
    traffic = _traffic(journal, point)
    if point in NEEDS_PUSHES | NEEDS_A_WIPED_REDIS:
        _settle(system, journal, traffic)
        traffic = _again(traffic, journal)
    _prepare(system, point)
    before = len(system.workers.endings)
    slot = system.add_worker(faults=f"{point}={action}")
    drive(system, journal, traffic)
    _await_reached(lambda: _was_met(system, before, point, action), lambda: system.workers.life(slot))
    if point in HEALED_BY_THE_NEXT_EVENT:
        drive(system, journal, _again(traffic, journal))
    verdict = judge(system, journal)
    assert verdict.clean, verdict.text()


def _prepare(system: System, point: Point) -> None:
    if point in NEEDS_A_WIPED_REDIS:
        with system.redis() as redis:
            redis.flushall()
    if point is Point.MODEL_BEFORE_SWAP:
        publish(system.settings.models, empty_arrays(), Provenance(created=_now()))


def _settle(system: System, journal: Journal, traffic: Traffic) -> None:
    """Done by a worker to whom nothing happens; snapshots as well, where they are made."""
    system.add_worker()
    drive(system, journal, traffic)
    await_quiet(system)
    if system.settings.snapshot_minutes:
        await_snapshots(system.settings)
    system.workers.stop()


def _traffic(journal: Journal, point: Point) -> Traffic:
    start = _now() - (HOURS_AGO if point in NEEDS_THE_PAST else 0)
    count = len(journal)
    return Traffic(events=EVENTS, seed=1 + count, rate=1_000.0, first=count, start=start, over_http=0.0)


def _again(traffic: Traffic, journal: Journal) -> Traffic:
    """More of the same customers."""
    return replace(traffic, first=len(journal), start=_now())


def _now() -> int:
    return int(time.time() * 1000)


def _await_reached(met: Callable[[], bool], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + REACHED_WITHIN
    while not met():
        assert time.monotonic() < deadline, f"never reached:\n{log()[-3000:]}"
        time.sleep(0.1)


def _was_met(system: System, before: int, point: Point, action: str) -> bool:
    """Whether a worker was killed by the fault, lives on and told of it, or could not start for it.

    before: ends of workers that are none of this case.
    """
    ended = [ending for ending in system.workers.endings[before:] if not ending.meant]
    if action == "kill":
        return any(ending.status == -signal.SIGKILL for ending in ended)
    lives = [system.workers.life(slot) for slot in system.workers.slots]
    if any("FaultRaised" in life for life in [*lives, *(ending.log for ending in ended)]):
        return True
    return any(ending.status > 0 and f"caudal: {point}" in ending.log for ending in ended)
