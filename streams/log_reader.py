"""Reading a stretch of one partition again, beside the consumer group: how holes in a ledger are repaired."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.records import Records
from streams.topics.publisher import PublishFailed

PAGE = 1000
"""Records read and applied at once."""

FETCH_TIMEOUT_MS = 2000
"""Milliseconds to wait for a fetch before looking again."""


@dataclass(frozen=True)
class LogReader:
    broker: str

    async def read(self, topic: str, partition: int, first: int, until: int) -> AsyncIterator[Records]:
        """What the partition still holds of [first, until), in pages. Raises PublishFailed where Kafka is down."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            async for page in _pages(consumer, TopicPartition(topic, partition), first, until):
                yield page
        except KafkaError as fault:
            raise PublishFailed(f"cannot read {topic}[{partition}] again from {first}: {fault}") from fault
        finally:
            await consumer.stop()


async def _pages(
    consumer: AIOKafkaConsumer, partition: TopicPartition, first: int, until: int
) -> AsyncIterator[Records]:
    consumer.assign([partition])
    beginning = (await consumer.beginning_offsets([partition]))[partition]
    consumer.seek(partition, max(first, beginning))
    while await consumer.position(partition) < until:
        fetched = await consumer.getmany(partition, timeout_ms=FETCH_TIMEOUT_MS, max_records=PAGE)
        page = [record for record in fetched.get(partition, []) if record.offset < until]
        if page:
            yield page
        elif await _is_at_end(consumer, partition):
            return


async def _is_at_end(consumer: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    """Whether there is nothing to wait for: the log is shorter than what somebody once committed."""
    end = (await consumer.end_offsets([partition]))[partition]
    return bool(await consumer.position(partition) >= end)
