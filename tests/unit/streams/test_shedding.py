"""Warm slates give way under lag, and only then."""

import pytest

from streams.shedding import Shedding, Slates


@pytest.mark.parametrize(
    ("slates", "lag", "shed"),
    [
        (Slates.AUTO, 0.5, False),
        (Slates.AUTO, 2.0, False),
        (Slates.AUTO, 2.1, True),
        (Slates.ALWAYS, 3600.0, False),
        (Slates.NEVER, 0.0, True),
    ],
)
def test_slates_are_shed_beyond_the_budget(slates: Slates, lag: float, shed: bool) -> None:
    assert Shedding(slates, budget=2.0).sheds(lag) is shed
