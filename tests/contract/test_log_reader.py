"""Reading a stretch of a partition again: what was asked for, in order, and no waiting for what is not there."""

import pytest

from streams.log_reader import LogReader, NoTopic
from streams.topics import CUSTOMER_EVENTS
from streams.topics.publisher import Record
from tests.contract.conftest import Broker

PARTITION = 2


async def filled(broker: Broker, count: int) -> LogReader:
    publisher = broker.publisher()
    await publisher.start()
    records = [Record(CUSTOMER_EVENTS.name, b"ana", b"%d" % n, partition=PARTITION) for n in range(count)]
    await publisher.publish(records, timeout=20)
    await publisher.stop()
    return LogReader(broker.address)


async def offsets(reader: LogReader, first: int, until: int) -> list[int]:
    pages = reader.read(CUSTOMER_EVENTS.name, PARTITION, first, until)
    return [record.offset async for page in pages for record in page]


async def test_a_stretch_is_read_whole_and_in_order(fresh_broker: Broker) -> None:
    reader = await filled(fresh_broker, 3_000)
    assert await offsets(reader, 700, 2_900) == list(range(700, 2_900))


async def test_a_log_that_is_shorter_than_asked_ends_the_reading(fresh_broker: Broker) -> None:
    reader = await filled(fresh_broker, 10)
    assert await offsets(reader, 4, 500) == [4, 5, 6, 7, 8, 9]


async def test_everything_is_read_to_the_end(fresh_broker: Broker) -> None:
    reader = await filled(fresh_broker, 2_500)
    pages = reader.read_all(CUSTOMER_EVENTS.name, PARTITION)
    assert [record.offset async for page in pages for record in page] == list(range(2_500))
    assert await reader.end(CUSTOMER_EVENTS.name, PARTITION) == 2_500


async def test_an_empty_partition_is_read_at_once(fresh_broker: Broker) -> None:
    reader = LogReader(fresh_broker.address)
    assert [page async for page in reader.read_all(CUSTOMER_EVENTS.name, PARTITION)] == []
    assert await reader.end(CUSTOMER_EVENTS.name, PARTITION) == 0


async def test_the_newest_record_of_a_key_is_found_however_far_back(fresh_broker: Broker) -> None:
    reader = await filled(fresh_broker, 10)
    publisher = fresh_broker.publisher()
    await publisher.start()
    others = [Record(CUSTOMER_EVENTS.name, b"bea", b"", partition=PARTITION)] * 3_000
    await publisher.publish(others, timeout=20)
    await publisher.stop()
    newest = await reader.newest(CUSTOMER_EVENTS.name, PARTITION, b"ana")
    assert newest is not None
    assert (newest.offset, newest.value) == (9, b"9")
    assert await reader.newest(CUSTOMER_EVENTS.name, PARTITION, b"cleo") is None


async def test_a_topic_that_was_never_created_is_not_made_up(fresh_broker: Broker) -> None:
    reader = LogReader(fresh_broker.address)
    for _ in range(2):
        with pytest.raises(NoTopic, match="caudal topics create"):
            await reader.newest("no-such-topic", PARTITION, b"ana")
