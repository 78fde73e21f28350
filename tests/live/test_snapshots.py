"""A Redis that lost everything: the worker restores it from the snapshots, and needs only the end of the log."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from caudal.embedded import free_port
from retail.rejects import decode_rejected
from streams.log_reader import LogReader
from streams.repair import GONE
from streams.settings import Settings
from streams.snapshots import MARKER_KEY, decode_marker
from streams.topics import CUSTOMER_EVENTS, CUSTOMER_SNAPSHOTS, REJECTED
from tests.live.journal import Journal, Ledger, check, shopping
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import await_log, worker_process

pytestmark = pytest.mark.live

ROUND = 2.0
"""Seconds between two snapshots of a partition in these tests."""


def snapshotting(settings: Settings) -> Settings:
    return settings.model_copy(update={"snapshot_minutes": ROUND / 60, "metrics_port": free_port()})


def ledgers(settings: Settings) -> dict[int, int]:
    with redis.Redis.from_url(settings.redis_url) as client:
        found = {n: client.hget(b"{p%d}:ledger" % n, "next") for n in range(settings.customer_partitions)}
    return {partition: int(next_) for partition, next_ in found.items() if next_}


async def markers(settings: Settings) -> dict[int, int]:
    """Partition to the offset that its newest snapshot reaches to."""
    reader = LogReader(settings.broker)
    partitions = range(settings.customer_partitions)
    newest = {n: await reader.newest(CUSTOMER_SNAPSHOTS.name, n, MARKER_KEY) for n in partitions}
    return {n: decode_marker(record.value).next for n, record in newest.items() if record and record.value}


def await_snapshots(settings: Settings) -> dict[int, int]:
    """Until a snapshot of every partition is as new as its ledger; where they reach to."""
    deadline = time.monotonic() + PATIENCE
    while (marked := asyncio.run(markers(settings))) != ledgers(settings):
        assert time.monotonic() < deadline, f"snapshots reach to {marked}, ledgers to {ledgers(settings)}"
        time.sleep(ROUND / 4)
    return marked


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
