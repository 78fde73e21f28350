"""`caudal rebuild`: what an operator does when Redis is gone and nobody should work meanwhile."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from sys import executable
from typing import Any

import pytest
import redis

from retail.customers import CustomerState
from streams.settings import Settings
from streams.state import keys
from streams.topics import JOURNEYS, PROMOTIONS
from tests.live.journal import Journal, Ledger, check, shopping
from tests.live.test_snapshots import await_snapshots, empty, ledgers, snapshotting
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import environment, worker_process

pytestmark = pytest.mark.live

TIMEOUT = 120.0
"""Seconds for one rebuild; a few on an idle machine."""


def command(settings: Settings, *arguments: str, faults: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [executable, "-m", "caudal", "rebuild", "--json", *arguments],
        env={**os.environ, **environment(settings), "CAUDAL_FAULTS": faults},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def alone(settings: Settings) -> Settings:
    """The embedded broker never forgets a member that left, so that there the group must be one without any."""
    return settings if settings.idempotent_producer else settings.model_copy(update={"group": "nobody"})


def rebuilt(settings: Settings, *arguments: str) -> list[dict[str, Any]]:
    """What it reports, per partition."""
    process = command(alone(settings), *arguments)
    output, complaint = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, complaint
    partitions: list[dict[str, Any]] = json.loads(output.strip().splitlines()[-1])["partitions"]
    return partitions


def total(partitions: list[dict[str, Any]], figure: str) -> int:
    return sum(partition[figure] for partition in partitions)


def states(settings: Settings, journal: Journal) -> dict[str, CustomerState]:
    return Ledger(settings).states(iter(journal.sent))


def said(settings: Settings) -> int:
    return len(read_all(settings, PROMOTIONS.name)) + len(read_all(settings, JOURNEYS.name))


def await_relayed(settings: Settings) -> None:
    """Until all that was to be said is in Kafka: what a worker leaves in the outbox, its successor says."""
    deadline = time.monotonic() + PATIENCE
    with redis.Redis.from_url(settings.redis_url) as client:
        while any(client.xlen(keys.outbox(partition)) for partition in range(settings.customer_partitions)):
            assert time.monotonic() < deadline, "the outbox is not relayed"
            time.sleep(0.1)


def worked(settings: Settings, folder: Path, events: int) -> Journal:
    """A worker applied so many events, and is gone."""
    journal = Journal(settings)
    with worker_process(settings, folder):
        journal.send(shopping(events))
        check(journal, Ledger(settings).wait(journal))
        await_relayed(settings)
        if settings.snapshot_minutes < 1:
            await_snapshots(settings)
    return journal


def test_an_empty_redis_is_rebuilt_from_the_log_and_nothing_is_said_twice(settings: Settings, tmp_path: Path) -> None:
    journal = worked(settings, tmp_path, 2_000)
    before, spoken, stood = states(settings, journal), said(settings), ledgers(settings)
    empty(settings)
    report = rebuilt(settings)
    assert (states(settings, journal), ledgers(settings)) == (before, stood)
    assert (total(report, "read"), total(report, "snapshot"), total(report, "gone")) == (sum(stood.values()), 0, 0)
    assert said(settings) == spoken


def test_with_snapshots_only_the_end_of_the_log_is_read(settings: Settings, tmp_path: Path) -> None:
    settings = snapshotting(settings)
    journal = worked(settings, tmp_path, 2_000)
    before = states(settings, journal)
    empty(settings)
    report = rebuilt(settings)
    assert states(settings, journal) == before
    assert total(report, "snapshot") >= len(before)
    assert total(report, "read") < 500


def test_from_scratch_makes_everything_anew_but_keeps_what_is_not_ours(settings: Settings, tmp_path: Path) -> None:
    journal = worked(settings, tmp_path, 500)
    before = states(settings, journal)
    with redis.Redis.from_url(settings.redis_url) as client:
        client.set("somebody:else", "kept")
        client.set("{p0}:inbox:ana", "kept")
        assert total(rebuilt(settings), "read") == 0
        report = rebuilt(settings, "--from-scratch", "--yes", "--partition", "0", "1")
        assert [partition["partition"] for partition in report] == [0, 1]
        assert client.get("somebody:else") == client.get("{p0}:inbox:ana") == b"kept"
        client.delete("somebody:else", "{p0}:inbox:ana")
    stood = ledgers(settings)
    assert total(report, "read") == stood.get(0, 0) + stood.get(1, 0)
    assert states(settings, journal) == before


def test_it_refuses_while_a_worker_runs(settings: Settings, tmp_path: Path) -> None:
    with worker_process(settings, tmp_path):
        process = command(settings)
        _, complaint = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert "stop them first" in complaint


def test_interrupted_it_goes_on_later(settings: Settings, tmp_path: Path) -> None:
    journal = worked(settings, tmp_path, 6_000)
    before = states(settings, journal)
    empty(settings)
    dozing = "journey.in_repair=sleep:3@9"
    process = command(alone(settings).model_copy(update={"fetch_records": 50}), faults=dozing)
    while not ledgers(settings):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    stood = sum(ledgers(settings).values())
    assert process.returncode == 130
    report = rebuilt(settings)
    assert states(settings, journal) == before
    assert total(report, "read") == sum(ledgers(settings).values()) - stood
