"""What a worker runs on lets it down: a full disk, a slow Redis, a process that stands still, a clock that is wrong."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from caudal.embedded import free_port
from retail.events import decode_event
from streams.topics import DELIVERIES
from tests.chaos.disk import Disk, NoDisk, small_disk
from tests.chaos.log import scan
from tests.chaos.proxy import Weather
from tests.chaos.servers import Machine
from tests.chaos.trial import Trial, trial
from tests.live.test_metrics import scrape
from tests.patience import PATIENCE

pytestmark = pytest.mark.live

DISK_MB = 48
"""Room for what a server has and writes in a test, and for little more."""

CROWDED = Weather(delay=1.0)
"""Each way: a read and a commit take two seconds each where they take two milliseconds."""

STUCK_FOR = 3.0
"""Seconds that the whole process stands still; the watchdog tells of it after two, and waits for thirty."""

BLOCKED = f"journey.before_commit=sleep:{STUCK_FOR}@30"

MINUTE = 60.0
WRONG = (5 * MINUTE, -60 * MINUTE)
"""Seconds by which a clock is ahead of the others, one after the other: it is set back while the worker runs."""

FAKETIME = "libfaketimeMT.so.1"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("machine-faults"), {"metrics_port": port}) as prepared:
        yield prepared


def until(holds: Callable[[], bool], what: str) -> None:
    """Raises AssertionError where it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def lag(port: int) -> float:
    """Records that are not done, of all topics."""
    return sum(scrape(port, "caudal_lag_records").values())


def held_mb(run: Trial) -> float:
    """What the worker holds now."""
    process = run.system.workers.child(run.system.workers.slots[0]).process
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def crashes(run: Trial) -> list[int]:
    """Exit statuses of the workers that nobody ended."""
    return [ending.status for ending in run.system.workers.endings if not ending.meant]


@contextmanager
def mounted(run: Trial, machine: Machine, data: str) -> Iterator[Disk]:
    """A small disk for a server's data, and a worker. Skips where none can be had."""
    try:
        with small_disk(machine, run.system.folder / data, DISK_MB) as disk:
            run.staff(1)
            yield disk
    except NoDisk as fault:
        pytest.skip(f"no disk can be mounted here: {fault}")


def test_with_a_full_disk_redis_takes_nothing_and_once_there_is_room_all_is_applied(run: Trial) -> None:
    with mounted(run, run.system.servers.redis, "redis") as disk, run.system.redis() as client:
        with run.under_load():
            disk.fill()
            until(lambda: client.info("persistence")["aof_last_write_status"] == "err", "the disk is not full")
            time.sleep(1)
            before, sent = run.ledgers(), len(run.journal)
            time.sleep(3)
            after, more = run.ledgers(), len(run.journal) - sent
            disk.make_room()
            run.await_progress()
        verdict = run.verdict()
        assert verdict.clean, verdict.text()
        assert after == before
        assert more > 0


def test_a_kafka_with_a_full_disk_ends_and_with_room_has_all_that_it_acknowledged(run: Trial) -> None:
    kafka = run.system.servers.kafka
    if not run.system.servers.real:
        pytest.skip("the embedded broker keeps its records in memory")
    with mounted(run, kafka, "kafka-data") as disk:
        with run.under_load():
            disk.fill()
            until(lambda: kafka.child is not None and kafka.child.process.poll() is not None, "it does not end")
            disk.make_room()
            kafka.start()
            run.await_progress()
        verdict = run.verdict()
        assert verdict.clean, verdict.text()


def test_a_worker_that_is_slow_falls_behind_but_keeps_its_partitions_and_its_size(run: Trial, port: int) -> None:
    run.staff(1)
    with run.under_load():
        run.await_progress()
        rebalances, held = scrape(port, "caudal_rebalances_total"), held_mb(run)
        with run.system.servers.redis_proxies[0].having(CROWDED):
            time.sleep(8)
            behind, after = lag(port), held_mb(run)
        until(lambda: lag(port) < behind / 10, "the lag stays")
        again = scrape(port, "caudal_rebalances_total")
    verdict = run.verdict()
    assert verdict.clean, verdict.text()
    assert behind > 100
    assert again == rebalances
    assert after < 1.2 * held


def test_a_worker_that_stands_still_says_where_and_catches_up(run: Trial) -> None:
    run.staff(0)
    crashed = crashes(run)
    slot = run.system.add_worker(BLOCKED)
    with run.under_load():
        run.await_life(slot, "the event loop is blocked")
        run.await_progress()
        life = run.system.workers.life(slot)
    verdict = run.verdict()
    assert verdict.clean, verdict.text()
    assert "journey.py" in next(line for line in life.splitlines() if "the event loop is blocked" in line)
    assert crashes(run) == crashed


def faketime() -> Path:
    """Skips where it is not installed."""
    found = sorted(Path("/usr/lib").glob(f"*/faketime/{FAKETIME}"))
    if not found:
        pytest.skip("libfaketime is not installed: apt install libfaketime")
    return found[0]


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], object]:
    """Sets the clock of workers that are started while the test runs, now and again; seconds ahead."""
    place = tmp_path / "clock"
    monkeypatch.setenv("LD_PRELOAD", str(faketime()))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(place))
    monkeypatch.setenv("FAKETIME_CACHE_DURATION", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return lambda ahead: place.write_text(f"{ahead:+.0f}")


def told_at(run: Trial) -> list[float]:
    """When pushes were sent, by the clock of who sent them; seconds since the epoch."""
    found: list[float] = []
    scan(run.system.settings.broker, [DELIVERIES.name], lambda r: found.append(decode_event(r.value or b"").at / 1000))
    return found


def await_push(run: Trial, ahead: float) -> None:
    """Until one was sent by a clock that is so many seconds ahead. Raises AssertionError."""
    until(lambda: any(abs(at - time.time() - ahead) < MINUTE for at in told_at(run)), "the clock is not wrong")


def test_a_worker_whose_clock_is_wrong_decides_as_all_others(run: Trial, clock: Callable[[float], object]) -> None:
    clock(WRONG[0])
    run.staff(1)
    with run.under_load():
        for ahead in WRONG:
            clock(ahead)
            await_push(run, ahead)
    verdict = run.verdict()
    assert verdict.clean, verdict.text()
