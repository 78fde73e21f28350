"""What goes on in the background goes on, whatever it meets."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams import faults
from streams.faults import VARIABLE, Point
from streams.state.models import ModelShelf
from streams.topics.endless import FAILURES, LONGEST_PAUSE, endless
from tests.unit.streams.test_models import trained


class Job:
    """Fails with the faults in turn, then does its work."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.done = False

    async def work(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.done = True


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.topics.endless.FIRST_PAUSE", 0.001)


async def test_a_job_that_fails_begins_again_and_is_counted() -> None:
    before, job = FAILURES["models"], Job(KeyError("x"), OSError("gone"))
    await endless("models", job.work)
    assert job.done
    assert FAILURES["models"] == before + 2


async def test_pauses_grow_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.topics.endless.FIRST_PAUSE", LONGEST_PAUSE / 1e6)
    with capture_logs() as logs:
        await endless("models", Job(*[KeyError("x")] * 12).work)
    pauses = [entry["pause"] for entry in logs]
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= LONGEST_PAUSE


async def test_a_path_is_told_and_what_may_name_a_customer_is_not() -> None:
    with capture_logs() as logs:
        await endless("models", Job(PermissionError(13, "denied", "/models"), KeyError("ana@example.com")).work)
    assert "/models" in logs[0]["fault"]
    assert any("test_endless.py" in frame for frame in logs[1]["where"])
    assert "ana@example.com" not in str(logs)


async def test_cancelling_ends_it() -> None:
    task = asyncio.create_task(endless("models", partial(asyncio.sleep, 3600)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_model_serves_though_the_first_look_for_it_failed(tmp_path: Path) -> None:
    version, shelf = trained(tmp_path, 20_000), ModelShelf(tmp_path)
    faults.arm({VARIABLE: f"{Point.MODEL_BEFORE_SWAP}=raise"})
    watching = asyncio.create_task(endless("models", partial(shelf.watch, 0.01)))
    async with asyncio.timeout(10):
        while shelf.current.version != version:
            await asyncio.sleep(0.01)
    watching.cancel()
