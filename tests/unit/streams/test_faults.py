"""Fault points: harmless unarmed, exact when armed."""

import pytest

from streams.faults import VARIABLE, BadFaults, FaultRaised, Point, arm, reach


def test_an_unarmed_point_does_nothing() -> None:
    arm({})
    for point in Point:
        reach(point)


def test_an_armed_point_raises_at_its_turn_and_only_then() -> None:
    arm({VARIABLE: "journey.before_commit=raise@2"})
    reach(Point.JOURNEY_BEFORE_COMMIT)
    reach(Point.JOURNEY_BEFORE_FOLD)
    with pytest.raises(FaultRaised):
        reach(Point.JOURNEY_BEFORE_COMMIT)
    reach(Point.JOURNEY_BEFORE_COMMIT)


@pytest.mark.parametrize("nonsense", ["nowhere=kill", "journey.before_fold=explode", "journey.before_fold=kill@x"])
def test_nonsense_is_refused_with_what_was_wrong(nonsense: str) -> None:
    with pytest.raises(BadFaults, match=nonsense.split("=")[0]):
        arm({VARIABLE: nonsense})
