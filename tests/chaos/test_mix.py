"""A short mix of faults; the long one is `make chaos`."""

from pathlib import Path

import pytest

from tests.chaos.mix import Plan, run_mix
from tests.chaos.report import page

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_a_minute_of_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    outcome = run_mix(Plan(events=50_000, rate=1_000.0, every=2.0, seed=7), tmp_path, print)
    assert len(outcome.struck) >= 5
    assert outcome.verdict.clean, outcome.verdict.text()
    assert outcome.verdict.pushes > 0
    assert outcome.verdict.linked > 0
    print(page(outcome))
