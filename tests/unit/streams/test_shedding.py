"""Warm slates give way under lag, and only then."""

import pytest

from streams.app import build
from streams.settings import Settings
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


@pytest.mark.parametrize(("slates", "learns"), [(Slates.AUTO, True), (Slates.ALWAYS, True), (Slates.NEVER, False)])
def test_a_worker_learns_from_clicks_where_it_makes_slates_and_tells_of_them_always(
    slates: Slates, learns: bool
) -> None:
    worker = build(Settings(slates=slates))
    assert (worker.learner is not None) is learns
    assert worker.clicks is not None
