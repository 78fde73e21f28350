"""A worker dies at the worst places while customers are put together: around the commit, and around the relay."""

import time
from pathlib import Path

import pytest

from caudal.child import Child
from streams.faults import Point
from streams.settings import Settings
from tests.live.conftest import servers, settings
from tests.live.journal import Ledger, check
from tests.live.test_identity import Household, both, logins, settled
from tests.patience import PATIENCE
from tests.processes import start_worker, worker_process

__all__ = ["servers", "settings"]

POINTS = (
    Point.IDENTIFY_BEFORE_PROGRESS,
    Point.JOURNEY_AFTER_COMMIT,
    Point.RELAY_BEFORE_PUBLISH,
    Point.RELAY_BEFORE_FORGETTING,
)


def shop_until_it_died(journal: Household, doomed: Child, first: int) -> None:
    """In portions: what is there when a worker starts is one fetch, which passes a point once."""
    deadline = time.monotonic() + PATIENCE
    while doomed.process.poll() is None:
        assert time.monotonic() < deadline, "the worker lives"
        journal.send_from(both(first, 20))
        first += 20


@pytest.mark.parametrize("point", POINTS)
def test_nothing_of_a_customer_of_several_devices_is_lost_or_doubled_at(
    settings: Settings, tmp_path: Path, point: Point
) -> None:
    journal, ledger = Household(settings), Ledger(settings)
    journal.send_from(both(0, 200))
    for number, reached in enumerate((1, 2, 3), 1):
        doomed = start_worker(settings, tmp_path, f"doomed-{number}", {"CAUDAL_FAULTS": f"{point}=kill@{reached}"})
        try:
            shop_until_it_died(journal, doomed, 10_000 * number)
        finally:
            doomed.stop(1.0)
    with worker_process(settings, tmp_path, "last"):
        journal.send_from(logins())
        check(journal, settled(journal, ledger))
