"""`caudal tail` shows what comes in while it comes, like a test double for tracking."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caudal.child import Child
from streams.settings import Settings
from tests.patience import PATIENCE
from tests.processes import Gateway, environment

pytestmark = pytest.mark.live

VIEW = {"event": "Product Viewed", "userId": "ana", "messageId": "m-1", "properties": {"product_id": "mug"}}
NO_ITEM = {**VIEW, "messageId": "m-2", "properties": {"color": "\x1b[31mred"}}


def watch(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """Watching when it returns."""
    command = [sys.executable, "-m", "caudal", "tail", *arguments]
    started = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment(settings)},
    )
    assert started.stderr is not None
    assert started.stderr.readline() == "watching\n"
    return started


def test_good_and_bad_events_are_shown_as_they_come(
    settings: Settings, gateway: Gateway, worker: Child, tmp_path: Path
) -> None:
    everything, bad = watch(settings, "--count", "2"), watch(settings, "--only", "bad", "--json", "--count", "1")
    assert gateway.post("/v1/batch", {"batch": [VIEW, NO_ITEM]}).status == 200
    shown, _ = everything.communicate(timeout=PATIENCE)
    good, refused = sorted(shown.splitlines(), key=lambda line: " BAD " in line)
    assert "good web     Product Viewed  ana  item=mug" in good
    assert "missing_item: properties names no item" in refused
    assert "events.web/" in refused
    assert "\x1b" not in refused
    told = json.loads(bad.communicate(timeout=PATIENCE)[0])
    assert (told["good"], told["reject"]["reason"]) == (False, "missing_item")


def test_without_a_broker_it_says_so(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"broker": "127.0.0.1:9"})
    command = [sys.executable, "-m", "caudal", "tail"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment(nowhere)},
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot read from Kafka at 127.0.0.1:9" in done.stderr
