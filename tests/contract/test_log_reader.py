"""Reading a stretch of a partition again: what was asked for, in order, and no waiting for what is not there."""

from streams.log_reader import LogReader
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
