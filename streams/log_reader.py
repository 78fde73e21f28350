"""Reading a stretch of one partition again, beside the consumer group: how holes in a ledger are repaired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.received import Records
from streams.topics.closing import close
from streams.topics.inflated import BoundedConsumer
from streams.topics.publisher import PublishFailed

PAGE = 1000
"""Records read and applied at once."""

FETCH_TIMEOUT_MS = 2000
"""Milliseconds to wait for a fetch before looking again."""

LAST_LOOK_MS = 300
"""Milliseconds to wait for records where all that were promised have come: a broker may promise too few."""

FIRST_WINDOW = 64
"""Records looked at first when the newest record of a key is sought from the end; each further look, 16 times more."""


class NoTopic(PublishFailed):
    """The topic was never created."""


@dataclass(frozen=True)
class LogReader:
    """Raises PublishFailed where Kafka is down. page: records of a page at most.

    What a transaction left behind that was never committed is not read.
    """

    broker: str
    page: int = PAGE

    async def read(self, topic: str, partition: int, first: int, until: int) -> AsyncIterator[Records]:
        """What the partition still holds of [first, until), in pages."""
        place = TopicPartition(topic, partition)
        async with self._consumer(place, f"again from {first}") as consumer:
            async for page in self._pages(consumer, place, first, until):
                yield page

    async def read_all(self, topic: str, partition: int) -> AsyncIterator[Records]:
        """Everything the partition holds now, in pages. Raises NoTopic."""
        place = TopicPartition(topic, partition)
        async with self._consumer(place, "to its end") as consumer:
            await _check(consumer, place)
            async for page in self._pages_to_end(consumer, place, 0, await _bounds(consumer, place)):
                yield page

    async def newest(self, topic: str, partition: int, key: bytes) -> ConsumerRecord[bytes | None, bytes | None] | None:
        """The last record with the key, looked for from the end; None where there is none. Raises NoTopic."""
        place = TopicPartition(topic, partition)
        async with self._consumer(place, f"for {key!r}") as consumer:
            await _check(consumer, place)
            bounds = beginning, end = await _bounds(consumer, place)
            window = FIRST_WINDOW
            while True:
                first = max(beginning, end - window)
                found = None
                async for page in self._pages_to_end(consumer, place, first, bounds):
                    found = next((record for record in reversed(page) if record.key == key), found)
                if found is not None or first == beginning:
                    return found
                window *= 16

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that the partition still holds, and the one after the last."""
        place = TopicPartition(topic, partition)
        async with self._consumer(place, "for its bounds") as consumer:
            return await _bounds(consumer, place)

    async def end(self, topic: str, partition: int) -> int:
        """The offset after the last record, also of a broker that promises less than it has; takes a moment."""
        place = TopicPartition(topic, partition)
        async with self._consumer(place, "for its end") as consumer:
            bounds = _, end = await _bounds(consumer, place)
            async for page in self._pages_to_end(consumer, place, end - 1, bounds):
                end = max(end, page[-1].offset + 1)
            return end

    @asynccontextmanager
    async def _consumer(self, place: TopicPartition, what: str) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = BoundedConsumer(
            bootstrap_servers=self.broker,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            yield consumer
        except KafkaError as fault:
            raise PublishFailed(f"cannot read {place.topic}[{place.partition}] {what}: {fault}") from fault
        finally:
            await close(consumer)

    async def _pages(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, first: int, until: int
    ) -> AsyncIterator[Records]:
        beginning, _ = await _bounds(consumer, place)
        consumer.assign([place])
        consumer.seek(place, max(first, beginning))
        while await consumer.position(place) < until:
            fetched = await consumer.getmany(place, timeout_ms=FETCH_TIMEOUT_MS, max_records=self.page)
            page = [record for record in fetched.get(place, []) if record.offset < until]
            if page:
                yield page
            elif await _is_at_end(consumer, place):
                return

    async def _pages_to_end(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, first: int, bounds: tuple[int, int]
    ) -> AsyncIterator[Records]:
        beginning, end = bounds
        if beginning == end == 0:
            return
        consumer.assign([place])
        consumer.seek(place, max(first, beginning))
        while True:
            fetched = await consumer.getmany(place, timeout_ms=LAST_LOOK_MS, max_records=self.page)
            page = fetched.get(place, [])
            if page:
                yield page
            position = await consumer.position(place)
            if position >= max(end, consumer.highwater(place) or 0) or (not page and position >= end):
                return


async def _check(consumer: AIOKafkaConsumer, place: TopicPartition) -> None:
    """Before anything asks for the topic by name, upon which a broker may make one up. Raises NoTopic."""
    if place.topic not in await consumer.topics():
        raise NoTopic(f"no topic {place.topic}: run `caudal topics create`")


async def _bounds(consumer: AIOKafkaConsumer, place: TopicPartition) -> tuple[int, int]:
    """Asked before the partition is assigned: from then on the connection may be busy waiting for news of it."""
    beginning = (await consumer.beginning_offsets([place]))[place]
    return beginning, (await consumer.end_offsets([place]))[place]


async def _is_at_end(consumer: AIOKafkaConsumer, place: TopicPartition) -> bool:
    """Whether there is nothing to wait for: the log is shorter than what somebody once committed."""
    _, end = await _bounds(consumer, place)
    return bool(await consumer.position(place) >= end)
