"""What poison costs is told from the CPU of each round's own two backlogs."""

import pytest

from benchmarks.pipeline import Measured
from benchmarks.poison import Round, figures


def a_round(*, clean: float = 50.0, poisoned: float = 52.0, seconds: float = 1.0) -> Round:
    """clean, poisoned: microseconds of CPU an event."""
    return Round(Measured(10_000, seconds, clean / 100), Measured(10_000, seconds, poisoned / 100))


def test_the_share_is_what_is_left_of_the_events_a_second_of_cpu_is_enough_for() -> None:
    assert figures([a_round(clean=45, poisoned=50)])["share_of_throughput"] == pytest.approx(0.9)


def test_a_machine_that_was_slow_for_one_round_changes_nothing() -> None:
    disturbed = a_round(clean=50, poisoned=120, seconds=9.0)

    found = figures([a_round(), disturbed, a_round()])

    assert found["share_of_throughput"] == figures([a_round()])["share_of_throughput"]
    assert found["share_in_the_worst_round"] == pytest.approx(50 / 120)


def test_waiting_for_others_on_the_machine_costs_no_throughput() -> None:
    calm, crowded = figures([a_round(seconds=1.0)]), figures([a_round(seconds=7.0)])

    assert calm["share_of_throughput"] == crowded["share_of_throughput"]
