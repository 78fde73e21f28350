"""However a producer of the shop's own is set up, what it commits is applied once and stops no worker."""

import asyncio
import json
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from caudal.child import Child
from streams.settings import Settings
from streams.topics import CATALOG, CUSTOMER_EVENTS, PROMOTIONS, WEB
from streams.topics.inflated import LIMIT
from tests.live.journal import Journal, Ledger, check, shopping, track
from tests.patience import PATIENCE
from tests.processes import run_command, worker_process

pytestmark = pytest.mark.live

CODECS = ("gzip", "snappy", "lz4", "zstd")

STALL = 6.0
"""Seconds, so that a watchdog that is wrong ends the worker soon."""


def test_events_are_read_however_their_batches_are_compressed(settings: Settings, worker: Child) -> None:
    journal = Journal(settings)
    for number, codec in enumerate(CODECS):
        asyncio.run(send_compressed(journal, codec, number))
    check(journal, Ledger(settings).wait(journal))
    worker.check()


async def send_compressed(journal: Journal, codec: str, number: int) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=journal.settings.broker, compression_type=codec, linger_ms=50, acks="all"
    )
    await producer.start()
    try:
        events = list(islice(shopping(100, start=100 * number, seed=number), 100))
        for event in events:
            journal.note(event)
            await producer.send(WEB.name, json.dumps(event).encode(), key=str(event["userId"]).encode())
    finally:
        await producer.stop()


def test_a_batch_that_unfolds_without_measure_is_rejected_and_stops_nobody(settings: Settings, worker: Child) -> None:
    journal = Journal(settings)
    for topic in (WEB, CUSTOMER_EVENTS, PROMOTIONS, CATALOG):
        asyncio.run(send_bomb(settings, topic.name))
    asyncio.run(send_compressed(journal, "zstd", 1))
    check(journal, Ledger(settings).wait(journal))
    worker.check()
    assert rejected(settings) == {"batch_too_large": 1, "missing_origin": 1}


async def send_bomb(settings: Settings, topic: str) -> None:
    """Some kilobytes, for the broker."""
    room = 2 * LIMIT
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker, compression_type="zstd", max_request_size=room, max_batch_size=room
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, bytes(LIMIT), key=b"ana", partition=0)
    finally:
        await producer.stop()


def rejected(settings: Settings) -> Counter[str]:
    """What `caudal rejects list` counts, by reason."""
    heaps = map(json.loads, run_command(settings, "rejects", "list", "--json").splitlines())
    return Counter({heap["reason"]: heap["count"] for heap in heaps})


def test_what_a_transaction_took_back_never_happened_and_its_marks_stop_nobody(
    settings: Settings, tmp_path: Path
) -> None:
    if not settings.idempotent_producer:
        pytest.skip("the embedded broker has no transactions")
    hasty = settings.model_copy(update={"stall_timeout": STALL})
    with worker_process(hasty, tmp_path) as worker:
        producer = KafkaProducer(bootstrap_servers=settings.broker.split(","), transactional_id=settings.group)
        producer.init_transactions()
        add(producer, "ana", 1)
        producer.commit_transaction()
        add(producer, "bea", 5)
        producer.abort_transaction()
        add(producer, "ana", 2)
        time.sleep(3 * STALL)  # an open transaction, and the marks at the end of a partition, are nothing undone
        worker.check()
        assert carts(settings) == {"ana": 1}
        producer.commit_transaction()
        producer.close()
        deadline = time.monotonic() + PATIENCE
        while carts(settings) != {"ana": 3} and time.monotonic() < deadline:
            time.sleep(0.2)
        assert carts(settings) == {"ana": 3}
        time.sleep(2 * STALL)
        worker.check()


def add(producer: KafkaProducer, customer: str, quantity: int) -> None:
    """Begins a transaction that holds one addition to a cart."""
    producer.begin_transaction()
    properties = {"product_id": "mug", "quantity": quantity}
    event = track(customer, "Product Added", f"{customer}-{quantity}", properties)
    producer.send(WEB.name, key=customer.encode(), value=json.dumps(event).encode()).get(30)


def carts(settings: Settings) -> dict[str, int]:
    """Units in the cart of whoever has a state."""
    states = Ledger(settings).states(iter(["ana", "bea"]))
    return {customer: sum(state.cart.values()) for customer, state in states.items()}
