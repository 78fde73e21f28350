"""A worker dies at the worst places while customers are put together: around the commit, and around the relay."""

from pathlib import Path

import pytest

from streams.faults import Point
from streams.settings import Settings
from tests.live.conftest import servers, settings
from tests.live.journal import PATIENCE, Ledger, check
from tests.live.test_identity import Household, both, logins, settled
from tests.processes import start_worker, worker_process

__all__ = ["servers", "settings"]

POINTS = (
    Point.IDENTIFY_BEFORE_PROGRESS,
    Point.JOURNEY_AFTER_COMMIT,
    Point.RELAY_BEFORE_PUBLISH,
    Point.RELAY_BEFORE_FORGETTING,
)


@pytest.mark.parametrize("point", POINTS)
def test_nothing_of_a_customer_of_several_devices_is_lost_or_doubled_at(
    settings: Settings, tmp_path: Path, point: Point
) -> None:
    journal, ledger = Household(settings), Ledger(settings)
    journal.send_from(both(0, 200))
    for number, reached in enumerate((1, 2, 3)):
        doomed = start_worker(settings, tmp_path, f"doomed-{number}", {"CAUDAL_FAULTS": f"{point}=kill@{reached}"})
        try:
            journal.send_from(both(1000 * (number + 1), 150))
            doomed.process.wait(PATIENCE)
        finally:
            doomed.stop(1.0)
    with worker_process(settings, tmp_path, "last"):
        journal.send_from(logins())
        check(journal, settled(journal, ledger))
