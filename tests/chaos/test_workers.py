"""Workers come, go, and get stuck: whoever ends, however it ends, its work is done once by those that stay."""

from collections.abc import Iterator

import pytest

from tests.chaos.proxy import BLACK_HOLE
from tests.chaos.trial import Trial, trial

pytestmark = pytest.mark.live

CRASHED = 70

STOP_TIMEOUT = 4.0
STALL_TIMEOUT = 8.0
REDIS_TIMEOUT = 1.0
"""Seconds; the defaults are what an operator waits, these are what a test waits."""

STUCK = "journey.before_commit=sleep:120@20"
"""The whole process stands still in one event, for longer than anybody waits."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    hasty = {"stop_timeout": STOP_TIMEOUT, "stall_timeout": STALL_TIMEOUT, "redis_timeout": REDIS_TIMEOUT}
    with trial(tmp_path_factory.mktemp("workers"), hasty) as prepared:
        yield prepared


def test_one_worker_becomes_four_and_one_again_under_load(run: Trial) -> None:
    run.staff(1)
    with run.under_load():
        run.staff(4)
        run.await_progress()
        statuses = [run.system.workers.remove(slot) for slot in (0, 1, 2)]
        run.await_progress()
    verdict = run.verdict()
    assert verdict.clean, verdict.text()
    assert statuses == [0, 0, 0]


def test_workers_that_cannot_go_on_end_hard_when_they_are_told_to_stop(run: Trial) -> None:
    """One stands still in an event, the watchdog ends it; one waits for a Redis that does not answer, the stop's own
    limit ends it."""
    run.staff(2)
    waiting, stuck = 1, run.system.add_worker(STUCK)
    with run.under_load():
        run.await_life(stuck, "the event loop is blocked")
        with run.system.servers.redis_proxies[waiting].having(BLACK_HOLE):
            run.await_life(waiting, "waiting for a dependency")
            statuses = [run.system.workers.remove(slot) for slot in (waiting, stuck)]
        run.await_progress()
    verdict = run.verdict()
    assert verdict.clean, verdict.text()
    assert statuses == [CRASHED, CRASHED]
