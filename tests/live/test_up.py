"""`caudal up`: the whole system on one machine, ready when it says so, and gone when it is told to go."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest

from tests.live.cache import Command, cache, running_command
from tests.patience import PATIENCE

__all__ = ["cache"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes that were left behind in /proc"),
]


@pytest.fixture
def up(tmp_path: Path, cache: Path) -> Iterator[Command]:
    with running_command(tmp_path, cache, "up", "--json", "--data", str(tmp_path / "data")) as command:
        yield command


def ready(up: Command) -> dict[str, object]:
    up.wait_for("\n")
    up.wait_for("It runs here")
    told = json.loads(up.out.splitlines()[0])
    assert isinstance(told, dict)
    return told


def test_the_system_is_ready_when_it_says_so_and_gone_when_told_to_go(up: Command, cache: Path) -> None:
    told = ready(up)
    keys, gateway = told["keys"], told["gateway"]
    assert set(told) == {"gateway", "broker", "redis", "keys"}
    assert isinstance(keys, dict)
    assert set(keys) == {"site", "app", "store", "admin"}
    assert httpx2.get(f"{gateway}/readyz").status_code == httpx2.codes.OK
    item = json.loads(next(cache.rglob("catalog.jsonl")).read_bytes().splitlines()[0])["id"]
    viewed = {"type": "track", "event": "Product Viewed", "userId": "ada", "properties": {"product_id": item}}
    answer = httpx2.post(f"{gateway}/v1/batch", json={"batch": [viewed]}, auth=(keys["site"], ""))
    assert answer.status_code == httpx2.codes.OK
    slate = first_slate(f"{gateway}/v1/recommendations?customer=ada", keys["site"])
    assert slate["version"] == 1
    assert slate["model"]
    assert slate["items"]
    assert len(up.relatives()) == 1 + len(("broker", "valkey", "worker", "gateway"))
    up.process.send_signal(signal.SIGTERM)
    assert up.end() == 0
    assert not up.relatives()
    assert list(up.temporary.iterdir()) == []


def first_slate(url: str, key: str) -> dict[str, object]:
    """The slate once it knows of something the customer did, or as it stands after some seconds."""
    deadline = monotonic() + PATIENCE
    while True:
        slate: dict[str, object] = httpx2.get(url, auth=(key, "")).json()
        if slate["version"] or monotonic() > deadline:
            return slate
        sleep(0.05)


def test_a_killed_parent_leaves_no_process(up: Command) -> None:
    ready(up)
    up.process.kill()
    up.end()
    deadline = monotonic() + PATIENCE
    while up.relatives() and monotonic() < deadline:
        sleep(0.05)
    assert not up.relatives()


def test_a_worker_that_dies_is_told_with_its_log(up: Command, tmp_path: Path) -> None:
    ready(up)
    kill_worker(up)
    assert up.end() == 1
    assert "the worker ended by itself with signal SIGKILL" in up.err
    assert str(tmp_path / "data" / "worker.log") in up.err
    assert not up.relatives()


def kill_worker(up: Command) -> None:
    workers = [process for process, command in up.relatives().items() if command.rstrip().endswith("caudal worker")]
    assert len(workers) == 1
    os.kill(workers[0], signal.SIGKILL)
