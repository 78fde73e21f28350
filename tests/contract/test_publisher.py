"""What is published arrives: acknowledged, in order per partition, where every other client would put it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from caudal.child import Child
from caudal.embedded import broker_command, embedded_broker, free_port
from streams.topics import CUSTOMER_EVENTS, RECORD_BYTES, REJECTED
from streams.topics import publisher as publisher_module
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, PublishFailed, Record, RecordTooLarge
from tests.contract.breakable import pause, resume
from tests.contract.conftest import Broker, provisioned
from tests.contract.reading import Record as Found
from tests.contract.reading import read_back
from tests.patience import PATIENCE
from tests.servers import BROKER

TOPIC = CUSTOMER_EVENTS.name
PARTITIONS = 8


@asynccontextmanager
async def publishing(broker: Broker) -> AsyncIterator[Publisher]:
    publisher = broker.publisher()
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


async def found(broker: Broker, mark: bytes, count: int) -> list[Found]:
    """The records whose key begins with the mark, `count` of them at least."""
    everything = await read_back(
        broker.address,
        TOPIC,
        PARTITIONS,
        lambda records: sum(record.key.startswith(mark) for record in records) >= count,
    )
    return [record for record in everything if record.key.startswith(mark)]


@pytest.fixture
def mark() -> bytes:
    """Begins the keys of one test."""
    return uuid4().hex.encode()


async def test_a_record_arrives_as_it_was_given(broker: Broker, mark: bytes) -> None:
    headers = (("origin", b"events.web/3/41"), ("empty", b""))
    async with publishing(broker) as publisher:
        await publisher.publish(
            [
                Record(TOPIC, mark + b"a", b"value", headers, partition=5, timestamp=1_700_000_000_123),
                Record(TOPIC, mark + b"b", None, partition=5),
            ],
            timeout=5.0,
        )

    first, tombstone = await found(broker, mark, 2)

    assert (first.value, first.partition, first.timestamp) == (b"value", 5, 1_700_000_000_123)
    assert tuple(first.headers) == headers
    assert (tombstone.value, tombstone.partition) == (None, 5)
    assert abs(tombstone.timestamp / 1000 - time.time()) < 60


async def test_a_key_goes_to_its_own_partition(broker: Broker, mark: bytes) -> None:
    keys = [mark + b"%d" % number for number in range(50)]
    async with publishing(broker) as publisher:
        await publisher.publish([Record(TOPIC, key, b"") for key in keys], timeout=5.0)

    places = {record.key: record.partition for record in await found(broker, mark, len(keys))}

    assert places == {key: partition_of(key, PARTITIONS) for key in keys}
    assert len(set(places.values())) > 1


async def test_many_batches_of_records_keep_their_order(broker: Broker, mark: bytes) -> None:
    numbers = range(3000)
    async with publishing(broker) as publisher:
        records = [Record(TOPIC, mark, b"%d" % number + b" " * 1000, partition=number % 2) for number in numbers]
        await publisher.publish(records, timeout=10.0)

    arrived = await found(broker, mark, len(numbers))

    for partition in (0, 1):
        assert [int(r.value) for r in arrived if r.partition == partition] == list(numbers)[partition::2]


async def test_concurrent_calls_are_all_acknowledged_each_in_order(broker: Broker, mark: bytes) -> None:
    async with publishing(broker) as publisher:

        async def caller(name: int) -> None:
            for number in range(10):
                await publisher.publish([Record(TOPIC, mark + b"%d" % name, b"%d" % number)], timeout=5.0)

        await asyncio.gather(*map(caller, range(50)))

    arrived: dict[bytes, list[int]] = {}
    for record in await found(broker, mark, 500):
        arrived.setdefault(record.key, []).append(int(record.value))
    assert len(arrived) == 50
    assert all(numbers == list(range(10)) for numbers in arrived.values())


async def test_a_record_too_large_for_its_topic_is_told_before_any_is_sent(broker: Broker, mark: bytes) -> None:
    async with publishing(broker) as publisher:
        with pytest.raises(RecordTooLarge, match=r"customer-events has \d+ bytes, the topic takes 1000000"):
            await publisher.publish([Record(TOPIC, mark, b"1"), Record(TOPIC, mark, b"x" * RECORD_BYTES)], timeout=5.0)
        await publisher.publish([Record(TOPIC, mark, b"2")], timeout=5.0)

    assert [record.value for record in await found(broker, mark, 1)] == [b"2"]


async def test_the_largest_records_go_through(broker: Broker, mark: bytes) -> None:
    largest = [Record(TOPIC, mark, b"x" * (RECORD_BYTES - 200), partition=1)] * 3
    async with publishing(broker) as publisher:
        await publisher.publish([*largest, Record(REJECTED.name, mark, b"y" * 1_400_000)], timeout=10.0)

    assert len(await found(broker, mark, 3)) == 3


async def test_nothing_to_publish_needs_no_broker() -> None:
    await Publisher("127.0.0.1:1").publish([], timeout=0.1)


async def test_a_broker_that_is_not_there_is_named_in_time() -> None:
    publisher = Publisher("127.0.0.1:1")
    await publisher.start()
    started = time.monotonic()

    with pytest.raises(PublishFailed, match=r"cannot reach Kafka at 127\.0\.0\.1:1"):
        await publisher.publish([Record(TOPIC, b"key", b"")], timeout=1.0)
    with pytest.raises(PublishFailed):
        await publisher.ping(timeout=1.0)

    assert time.monotonic() - started < 3.0
    await publisher.stop()


async def test_a_broker_that_comes_up_later_is_used(tmp_path: Path, mark: bytes) -> None:
    port = free_port()
    publisher = Publisher(f"127.0.0.1:{port}", idempotent=False)
    await publisher.start()
    with pytest.raises(PublishFailed):
        await publisher.publish([Record(TOPIC, mark, b"")], timeout=1.0)

    child = Child.start("the late broker", broker_command(port, tmp_path), tmp_path / "broker.log")
    try:
        await _eventually(lambda: publisher.ping(timeout=1.0))
        late = provisioned(f"127.0.0.1:{port}", idempotent=False)
        await publisher.publish([Record(TOPIC, mark, b"late")], timeout=5.0)
        assert [record.value for record in await found(late, mark, 1)] == [b"late"]
        await publisher.stop()
    finally:
        child.stop(1.0)


async def test_a_hanging_broker_fails_the_call_and_what_is_published_again_overtakes_nothing(mark: bytes) -> None:
    with embedded_broker() as server:
        assert server.child is not None
        broker = provisioned(server.address, idempotent=False)
        records = [Record(TOPIC, mark, b"%d" % number, partition=0) for number in range(6)]
        async with publishing(broker) as publisher:
            await publisher.publish(records[:1], timeout=5.0)
            pause(server.child)
            with pytest.raises(PublishFailed, match=r"did not acknowledge 4 records in 0\.2 s"):
                await publisher.publish(records[:4], timeout=0.2)
            with pytest.raises(PublishFailed):
                await publisher.publish(records[:4], timeout=0.2)
            resume(server.child)
            await publisher.publish(records, timeout=10.0)

            highest = -1
            for record in await found(broker, mark, len(records)):
                assert int(record.value) <= highest + 1, "a record before its predecessor would be lost to the ledger"
                highest = max(highest, int(record.value))
            assert highest == 5


async def test_a_call_that_was_given_up_leaves_the_others_alone(broker: Broker, mark: bytes) -> None:
    async with publishing(broker) as publisher:
        given_up = [
            asyncio.create_task(publisher.publish([Record(TOPIC, mark + b"-", b"x" * 100)] * 100, timeout=5.0))
            for _ in range(20)
        ]
        kept = [
            asyncio.create_task(publisher.publish([Record(TOPIC, mark + b"+", b"%d" % number)], timeout=5.0))
            for number in range(20)
        ]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*kept)

    arrived = [int(r.value) for r in await found(broker, mark + b"+", 20)]
    assert arrived == list(range(20))


async def test_a_partition_that_does_not_exist_is_named(broker: Broker) -> None:
    async with publishing(broker) as publisher:
        with pytest.raises(PublishFailed, match="customer-events has no partition 99"):
            await publisher.publish([Record(TOPIC, b"key", b"", partition=99)], timeout=5.0)


async def test_waiting_records_do_not_fill_the_memory(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "WAITING_BYTES", 1000)
    async with publishing(broker) as publisher:
        with pytest.raises(PublishFailed, match="wait for Kafka already"):
            await publisher.publish([Record(TOPIC, b"key", b"x" * 2000)], timeout=5.0)
        await publisher.publish([Record(TOPIC, b"key", b"x" * 500)], timeout=5.0)
        await publisher.publish([Record(TOPIC, b"key", b"x" * 500)], timeout=5.0)


async def test_a_broker_without_idempotent_producers_is_told_as_such() -> None:
    with embedded_broker() as server:
        publisher = Publisher(server.address, idempotent=True)
        with pytest.raises(PublishFailed, match="CAUDAL_IDEMPOTENT_PRODUCER=false"):
            await publisher.publish([Record(TOPIC, b"key", b"")], timeout=5.0)
        await publisher.stop()


async def _eventually(action: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await action()  # type: ignore[operator]
        except PublishFailed:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            return


@pytest.mark.skipif(BROKER not in os.environ, reason="the embedded broker takes records of any time")
async def test_a_clock_that_is_hours_ahead_is_named(broker: Broker, mark: bytes) -> None:
    in_two_hours = int(time.time() * 1000) + 2 * 3_600_000
    async with publishing(broker) as publisher:
        with pytest.raises(PublishFailed, match="set the clock of this machine"):
            await publisher.publish([Record(TOPIC, mark, b"{}", timestamp=in_two_hours)], timeout=10)
