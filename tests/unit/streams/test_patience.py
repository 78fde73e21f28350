"""Patience: a dependency that is down, and a mistake of our own, end no agent."""

import asyncio

import pytest
from structlog.testing import capture_logs

from streams.patience import WAITS, patiently, steadily
from streams.state import StateUnavailable


class Flaky:
    """Fails with the faults in turn, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    async def act(self) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.patience.FIRST_PAUSE", 0.001)


async def test_a_dependency_that_comes_back_is_waited_for() -> None:
    assert await patiently("journey", Flaky(StateUnavailable("gone"), StateUnavailable("gone")).act) == "done"
    assert not WAITS.any


async def test_a_mistake_of_ours_is_not_a_dependency() -> None:
    with pytest.raises(KeyError):
        await patiently("journey", Flaky(KeyError("ana@example.com")).act)


async def test_a_steady_action_survives_our_own_mistakes_and_counts_them() -> None:
    before = WAITS.faults["journey"]
    assert await steadily("journey", Flaky(KeyError("x"), StateUnavailable("gone"), ValueError("y")).act) == "done"
    assert WAITS.faults["journey"] == before + 2


async def test_a_fault_is_told_by_kind_and_place_never_by_what_it_says() -> None:
    with capture_logs() as logs:
        await steadily("journey", Flaky(KeyError("ana@example.com")).act)
    assert logs[0]["kind"] == "KeyError"
    assert any("test_patience.py" in frame for frame in logs[0]["where"])
    assert "ana@example.com" not in str(logs)


async def test_cancelling_gets_out_of_both() -> None:
    async def never() -> None:
        await asyncio.sleep(3600)

    for wait in (patiently, steadily):
        task = asyncio.create_task(wait("journey", never))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
