"""Every fault point is walked: a worker is killed there, and a fault of our own is raised there; nothing comes of it.

One system for all: each case replaces its workers, sends customers of its own, and is judged on all that was sent.
"""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
from streams.faults import Point
from tests.chaos.checker import judge
from tests.chaos.driver import drive
from tests.chaos.journal import Journal
from tests.chaos.supervisor import Ending
from tests.chaos.system import System, started
from tests.chaos.traffic import Traffic

pytestmark = [pytest.mark.live, pytest.mark.slow]

NOT_YET: dict[Point, str] = {}
"""Points that nothing reaches, and why."""

EVENTS = 600

NEEDS_A_WIPED_REDIS = {Point.JOURNEY_IN_REPAIR, Point.RESTORE_BETWEEN_PAGES}
HEALED_BY_THE_NEXT_EVENT = {Point.JOURNEY_BEFORE_SLATES}
"""Without a warm slate the read path decides; the customer's next event makes one again."""

NEEDS_THE_PAST = {Point.TIMERS_BEFORE_PUBLISH}
HOURS_AGO = 2 * 3_600_000
"""Milliseconds: a visit of then is over now."""

SNAPSHOTS: dict[str, object] = {"snapshot_minutes": 2 / 60}
"""So often that every case sees some."""

REACHED_WITHIN = 60.0
"""Seconds; most points are reached by the first event."""

CASES = list(product((point for point in Point if point not in NOT_YET), ("kill", "raise")))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with started(tmp_path_factory.mktemp("points"), workers=0, settings=SNAPSHOTS) as running:
        yield running


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal()


@pytest.mark.parametrize(("point", "action"), CASES)
def test_nothing_is_lost_or_doubled_at(system: System, journal: Journal, point: Point, action: str) -> None:
    _prepare(system, point)
    slot = system.add_worker(faults=f"{point}={action}")
    traffic = _traffic(journal, point)
    drive(system, journal, traffic)
    _await_reached(system, slot, action)
    if point in HEALED_BY_THE_NEXT_EVENT:
        drive(system, journal, replace(traffic, first=len(journal), start=_now()))
    verdict = judge(system, journal)
    assert verdict.clean, verdict.text()


def _prepare(system: System, point: Point) -> None:
    if point in NEEDS_A_WIPED_REDIS:
        with system.redis() as redis:
            redis.flushall()
    if point is Point.MODEL_BEFORE_SWAP:
        publish(system.settings.models, empty_arrays(), Provenance(created=_now()))


def _traffic(journal: Journal, point: Point) -> Traffic:
    start = _now() - (HOURS_AGO if point in NEEDS_THE_PAST else 0)
    count = len(journal)
    return Traffic(events=EVENTS, seed=1 + count, rate=1_000.0, first=count, start=start, over_http=0.0)


def _now() -> int:
    return int(time.time() * 1000)


def _await_reached(system: System, slot: int, action: str) -> None:
    """The first life of the worker met its fault: it was killed by it, or told of it."""
    deadline = time.monotonic() + REACHED_WITHIN
    while not _was_met(system, slot, action):
        assert time.monotonic() < deadline, f"never reached:\n{system.workers.life(slot)[-3000:]}"
        time.sleep(0.1)


def _was_met(system: System, slot: int, action: str) -> bool:
    ended = system.workers.endings[-1] if system.workers.endings else Ending(-1, 0, meant=True, log="")
    if action == "kill":
        return ended.slot == slot and ended.status == -signal.SIGKILL and not ended.meant
    return "FaultRaised" in (system.workers.life(slot) + (ended.log if not ended.meant else ""))
