"""The worker over sockets: everything sent is applied once, whoever is killed, added or given nonsense."""

import os
import signal
import time
from itertools import chain
from pathlib import Path

import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from caudal.child import Child
from caudal.shop import load_shop
from retail.catalog import Item
from retail.customers import CustomerState
from retail.rejects import decode_rejected
from retail.slates import decode_slate
from streams.settings import Settings
from streams.shedding import Slates
from streams.topics import REJECTED, WEB
from streams.topics.shop import Shop
from tests.live.journal import Journal, Ledger, check, shopping, track
from tests.patience import PATIENCE
from tests.processes import worker_process

pytestmark = pytest.mark.live


def read_all(settings: Settings, topic: str) -> list[tuple[bytes | None, bytes]]:
    """Keys and values of everything in a topic, per partition in order."""
    consumer = KafkaConsumer(bootstrap_servers=settings.broker.split(","), consumer_timeout_ms=5000)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    left = sum(consumer.end_offsets(partitions).values())
    records: list[tuple[bytes | None, bytes]] = []
    while left > len(records):
        for batch in consumer.poll(timeout_ms=1000).values():
            records += [(record.key, record.value) for record in batch]
    consumer.close()
    return records


def test_every_event_sent_is_applied_once(settings: Settings, worker: Child) -> None:
    journal = Journal(settings)
    journal.send(shopping(2_000))
    check(journal, Ledger(settings).wait(journal))


def test_a_message_sent_twice_counts_once(settings: Settings, worker: Child) -> None:
    journal = Journal(settings)
    journal.send(chain(shopping(200), shopping(200), shopping(200, start=200, seed=2)))
    check(journal, Ledger(settings).wait(journal))
    assert journal.sends == 600


def test_a_changed_customer_gets_a_fresh_slate_in_redis_and_in_kafka(settings: Settings, tmp_path: Path) -> None:
    """On a machine so busy that the worker lags, slates would be shed: here none are."""
    journal = Journal(settings)
    with worker_process(settings.model_copy(update={"slates": Slates.ALWAYS}), tmp_path):
        journal.send(shopping(100, customers=5))
        states = Ledger(settings).wait(journal)
        await_fresh_slates(settings, states)


def await_fresh_slates(settings: Settings, states: dict[str, CustomerState]) -> None:
    """Until the newest slate of each customer in Kafka is of their newest state."""
    wanted = {customer: state.version for customer, state in states.items()}
    newest: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE
    while newest != wanted and time.monotonic() < deadline:
        for _, value in read_all(settings, "recommendations"):
            slate = decode_slate(value)
            newest[slate.customer] = max(slate.version, newest.get(slate.customer, 0))
    assert newest == wanted


def test_killing_a_worker_in_mid_replay_loses_and_doubles_nothing(settings: Settings, tmp_path: Path) -> None:
    journal = Journal(settings)
    with worker_process(settings, tmp_path, "first") as first, worker_process(settings, tmp_path, "second"):
        journal.send(shopping(3_000), pause=0.0005)
        os.killpg(first.process.pid, signal.SIGKILL)
        journal.send(shopping(3_000, start=3_000, seed=2), pause=0.0005)
        check(journal, Ledger(settings).wait(journal))


def test_a_worker_that_was_paused_and_replaced_doubles_nothing_when_it_wakes(
    settings: Settings, tmp_path: Path
) -> None:
    journal = Journal(settings)
    with worker_process(settings, tmp_path, "first") as first, worker_process(settings, tmp_path, "second"):
        journal.send(shopping(1_500), pause=0.0005)
        os.killpg(first.process.pid, signal.SIGSTOP)
        journal.send(shopping(1_500, start=1_500, seed=2), pause=0.0005)
        states = Ledger(settings).wait(journal)
        os.killpg(first.process.pid, signal.SIGCONT)
        journal.send(shopping(500, start=3_000, seed=3))
        check(journal, Ledger(settings).wait(journal))
        assert sum(state.version for state in states.values()) == 3_000


def test_a_lone_worker_killed_again_and_again_goes_on_where_it_was(settings: Settings, tmp_path: Path) -> None:
    journal = Journal(settings)
    for round_number in range(3):
        with worker_process(settings, tmp_path, f"worker-{round_number}") as worker:
            journal.send(shopping(1_500, start=1_500 * round_number, seed=round_number))
            os.killpg(worker.process.pid, signal.SIGKILL)
    with worker_process(settings, tmp_path, "last"):
        check(journal, Ledger(settings).wait(journal))


def test_a_second_worker_joins_and_leaves_under_load(settings: Settings, worker: Child, tmp_path: Path) -> None:
    journal = Journal(settings)
    journal.send(shopping(1_000))
    with worker_process(settings, tmp_path, "second"):
        journal.send(shopping(2_000, start=1_000, seed=2), pause=0.001)
    journal.send(shopping(1_000, start=3_000, seed=3))
    check(journal, Ledger(settings).wait(journal))


def test_poison_is_rejected_with_its_bytes_and_stops_nothing(settings: Settings, worker: Child) -> None:
    poison = [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"type":"track"}',
        b'{"a":' * 2_000,
        b'{"type":"track","event":7}',
    ]
    journal = Journal(settings)
    producer = KafkaProducer(bootstrap_servers=settings.broker.split(","), acks="all")
    for raw in poison:
        journal.send(shopping(20, start=journal.sends, seed=journal.sends))
        producer.send(WEB.name, key=b"anyone", value=raw)
    producer.flush(30)
    producer.close()
    check(journal, Ledger(settings).wait(journal))
    rejected = [decode_rejected(value) for _, value in read_all(settings, REJECTED.name)]
    assert sorted(reject.raw_bytes() for reject in rejected) == sorted(poison)
    assert all(reject.reason and reject.source.startswith(WEB.name) for reject in rejected)
    worker.check()


def test_a_wiped_redis_is_rebuilt_from_the_log(settings: Settings, worker: Child) -> None:
    journal = Journal(settings)
    journal.send(shopping(1_000))
    check(journal, Ledger(settings).wait(journal))
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()
    journal.send(shopping(200, start=1_000, seed=2))
    check(journal, Ledger(settings).wait(journal))


def test_a_redis_that_forgot_the_last_events_gets_them_again_without_new_ones(
    settings: Settings, worker: Child
) -> None:
    journal = Journal(settings)
    journal.send(shopping(500))
    check(journal, Ledger(settings).wait(journal))
    time.sleep(3)  # until Kafka has the progress committed
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()
    check(journal, Ledger(settings).wait(journal))


def test_an_unknown_item_is_rejected_once_the_catalogue_is_known(settings: Settings, tmp_path: Path) -> None:
    load_shop(Shop([Item(id="mug", name="Mug")], [], []), settings)
    with worker_process(settings, tmp_path):
        journal = Journal(settings)
        journal.send(iter([track("ana", "Product Viewed", "m1", {"product_id": "no-such-item"})]))
        journal.send(iter([track("ana", "Product Viewed", "m2", {"product_id": "mug"})]))
        deadline = time.monotonic() + PATIENCE
        rejected: list[str] = []
        while not rejected and time.monotonic() < deadline:
            rejected = [decode_rejected(value).reason for _, value in read_all(settings, REJECTED.name)]
        assert rejected == ["unknown_item"]
        assert Ledger(settings).applied_to("ana") == 1
