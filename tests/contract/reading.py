"""Reading topics back, for the tests of those who write them."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

Record: TypeAlias = ConsumerRecord


async def read_back(broker: str, topic: str, partitions: int, enough: Callable[[list[Record]], bool]) -> list[Record]:
    """Everything a topic holds, per partition in order, once `enough` says so; fails after 10 s."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found: list[Record] = []
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        async with asyncio.timeout(10):
            while not enough(found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found.extend(records)
    finally:
        await consumer.stop()
    return found
