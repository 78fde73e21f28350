"""A Redis that lost everything: the worker restores it from the snapshots, and needs only the end of the log."""

import re
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from caudal.embedded import free_port
from retail.rejects import decode_rejected
from streams.repair import GONE
from streams.settings import Settings
from streams.snapshots import MARKER_KEY, decode_marker
from streams.topics import CUSTOMER_EVENTS, CUSTOMER_SNAPSHOTS, REJECTED
from tests.live.journal import Journal, Ledger, check, shopping
from tests.live.test_worker import read_all
from tests.processes import await_log, worker_process

pytestmark = pytest.mark.live

ROUND = 2.0
"""Seconds between two snapshots of a partition in these tests."""

PATIENCE = 60.0
"""Seconds for snapshots to be written; a few rounds."""


def snapshotting(settings: Settings) -> Settings:
    return settings.model_copy(update={"snapshot_minutes": ROUND / 60, "metrics_port": free_port()})


def ledgers(settings: Settings) -> dict[int, int]:
    with redis.Redis.from_url(settings.redis_url) as client:
        found = {n: client.hget(b"{p%d}:ledger" % n, "next") for n in range(settings.customer_partitions)}
    return {partition: int(next_) for partition, next_ in found.items() if next_}


def await_snapshots(settings: Settings) -> dict[int, int]:
    """Until a snapshot of every partition is as new as its ledger; the markers' offsets."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        marked: dict[int, int] = {}
        for place, record in records_of(settings):
            if record == MARKER_KEY:
                marked[place[0]] = place[1]
        if marked and marked == ledgers(settings):
            return marked
    raise AssertionError(f"markers at {marked}, ledgers at {ledgers(settings)}")


def records_of(settings: Settings) -> list[tuple[tuple[int, int], bytes]]:
    """((partition, what a marker says is next), key) of the snapshots, per partition in order."""
    consumer = KafkaConsumer(bootstrap_servers=settings.broker.split(","), isolation_level="read_committed")
    partitions = [TopicPartition(CUSTOMER_SNAPSHOTS.name, n) for n in range(settings.customer_partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    found: list[tuple[tuple[int, int], bytes]] = []
    while batch := consumer.poll(timeout_ms=1000):
        for record in chain.from_iterable(batch.values()):
            next_ = decode_marker(record.value).next if record.key == MARKER_KEY else 0
            found.append(((record.partition, next_), record.key))
    consumer.close()
    return found


def repairs(settings: Settings) -> Counter[str]:
    """Records by what repairs made of them, from the worker's metrics."""
    found: Counter[str] = Counter()
    with urlopen(f"http://127.0.0.1:{settings.metrics_port}/metrics") as response:
        for line in response.read().decode().splitlines():
            if match := re.match(r'caudal_repairs_total\{.*outcome="([^"]+)".*\} (\S+)', line):
                found[match[1]] += int(float(match[2]))
    return found


def empty(settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()


def cut_off(settings: Settings, before: dict[int, int]) -> None:
    """What retention does, at once. Skips where the broker cannot."""
    admin = KafkaAdminClient(bootstrap_servers=settings.broker.split(","))
    try:
        admin.delete_records({TopicPartition(CUSTOMER_EVENTS.name, n): offset for n, offset in before.items()})
    except (KafkaError, OSError, AttributeError) as fault:
        pytest.skip(f"this broker deletes no records: {type(fault).__name__}")
    finally:
        admin.close()


def test_a_wiped_redis_is_restored_without_the_whole_log(settings: Settings, tmp_path: Path) -> None:
    settings = snapshotting(settings)
    journal = Journal(settings)
    with worker_process(settings, tmp_path) as worker:
        journal.send(shopping(2_000))
        check(journal, Ledger(settings).wait(journal))
        marked = await_snapshots(settings)
        empty(settings)
        journal.send(shopping(300, start=2_000, seed=2))
        check(journal, Ledger(settings).wait(journal))
        await_log(worker, "partition restored from its snapshot")
        assert sum(marked.values()) >= 2_000
        assert repairs(settings)["read again"] <= 300 + ROUND * 100


def test_a_wiped_redis_is_restored_also_where_the_log_begins_later(settings: Settings, tmp_path: Path) -> None:
    settings = snapshotting(settings)
    journal = Journal(settings)
    with worker_process(settings, tmp_path):
        journal.send(shopping(2_000))
        check(journal, Ledger(settings).wait(journal))
        marked = await_snapshots(settings)
        cut_off(settings, marked)
        empty(settings)
        journal.send(shopping(300, start=2_000, seed=2))
        check(journal, Ledger(settings).wait(journal))
        assert repairs(settings)["gone"] == 0


def test_what_nobody_has_any_more_is_told_and_the_rest_goes_on(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"snapshot_minutes": 0, "metrics_port": free_port()})
    journal = Journal(settings)
    with worker_process(settings, tmp_path):
        journal.send(shopping(1_000))
        check(journal, Ledger(settings).wait(journal))
        ends = ledgers(settings)
        cut_off(settings, ends)
        empty(settings)
        later = Journal(settings)
        later.send(shopping(300, start=1_000, seed=2))
        check(later, Ledger(settings).wait(later))
        assert repairs(settings)["gone"] == sum(ends.values())
        rejects = [decode_rejected(value) for _, value in read_all(settings, REJECTED.name)]
        told = sorted((reject.source, reject.message) for reject in rejects if reject.reason == GONE)
        assert [source for source, _ in told] == sorted(f"customer-events/{n}/0" for n in ends)
        assert all(f"offsets 0 to {end - 1} " in message for (_, message), end in zip(told, ends.values(), strict=True))
