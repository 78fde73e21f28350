from pathlib import Path

import pytest

from tests.chaos.checker import judge
from tests.chaos.driver import Nuisances, drive
from tests.chaos.journal import Journal
from tests.chaos.system import started
from tests.chaos.traffic import Traffic

pytestmark = pytest.mark.live


def test_without_any_fault_the_checker_finds_nothing_wrong(tmp_path: Path) -> None:
    journal = Journal()
    with started(tmp_path, workers=2) as system:
        drive(system, journal, Traffic(events=3_000), Nuisances(copies=0.05, poison=0.02))
        verdict = judge(system, journal)
    assert verdict.clean, verdict.text()
    assert verdict.pushes > 10
    assert verdict.linked > 5
    assert verdict.unsure == 0
