"""Following the reference topics live: every process keeps its own copy of items, stores, offers and rules.

Reads `catalog`, `stores`, `offers` and `merchandising` from the beginning, without a consumer group, for as long as it
runs.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from retail.reference import Reference
from streams.topics import REFERENCE
from streams.topics.closing import close
from streams.topics.endless import endless
from streams.topics.inflated import BoundedConsumer
from streams.topics.reference import SHELVES, UnreadableRecord

log = structlog.get_logger()

POLL_MS = 500
"""Milliseconds a fetch waits for news before we look whether all is read."""

RECONNECT_PAUSE = 1.0
"""Seconds between two attempts to connect, or to find the topics."""

PAGE = 2000
"""Records fetched at once."""

SLICE = 200
"""Records applied in one go, some 2 ms of the event loop."""


def _nothing() -> None:
    """Nobody wants to know."""


class Follower:
    """Starts also while the broker is down or the topics are missing, and tries for ever.

    version: grows whenever the reference changed; who keeps an index of it compares. skipped: records that could
    not be applied, by reason; they change nothing.
    """

    def __init__(self, broker: str, reference: Reference, then: Callable[[], None] = _nothing) -> None:
        """then: called whenever the reference changed, after a page at most."""
        self.reference = reference
        self._then = then
        self.version = 0
        self.skipped: Counter[str] = Counter()
        self._broker = broker
        self._next: dict[TopicPartition, int] = {}
        self._caught_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to follow and returns at once."""
        self._task = asyncio.create_task(endless("reference", self._follow), name="follow the reference topics")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def caught_up(self) -> None:
        """Returns once everything was applied that the topics held when they were first reached."""
        await self._caught_up.wait()

    @property
    def is_caught_up(self) -> bool:
        return self._caught_up.is_set()

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as fault:
                log.warning("cannot follow the reference topics", broker=self._broker, fault=repr(fault))
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _read(self) -> None:
        """Until the connection is beyond repair, or a topic is missing."""
        consumer = BoundedConsumer(
            bootstrap_servers=self._broker, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            partitions = await _partitions(consumer)
            # Asked before the first fetch, which may keep the connection waiting for news.
            ends = await consumer.end_offsets(partitions)
            consumer.assign(partitions)
            for partition in partitions:
                consumer.seek(partition, self._next.get(partition, 0))
            while True:
                self._mark_caught_up(consumer, ends)
                fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=PAGE)
                for partition, records in fetched.items():
                    await self._take(partition, records)
        finally:
            await close(consumer)

    def _mark_caught_up(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        """A broker may name the last batch as the end (the embedded one does); what it fetched from knows better."""
        if self._caught_up.is_set():
            return
        if all(self._next.get(p, 0) >= max(end, consumer.highwater(p) or 0) for p, end in ends.items()):
            log.info("reference followed", items=len(self.reference.items), offers=len(self.reference.offers))
            self._caught_up.set()

    async def _take(
        self, partition: TopicPartition, records: Sequence[ConsumerRecord[bytes | None, bytes | None]]
    ) -> None:
        """Slice by slice: others are to be served in between."""
        for first in range(0, len(records), SLICE):
            self._apply(partition, records[first : first + SLICE])
            await asyncio.sleep(0)

    def _apply(self, partition: TopicPartition, records: Iterable[ConsumerRecord[bytes | None, bytes | None]]) -> None:
        shelf = SHELVES[partition.topic]
        for record in records:
            self._next[partition] = record.offset + 1
            try:
                shelf.apply(self.reference, record.key, record.value)
            except UnreadableRecord as fault:
                self.skipped[fault.code] += 1
                log.error("reference record skipped", topic=record.topic, offset=record.offset, code=fault.code)
        self.version += 1
        self._then()


async def _partitions(consumer: AIOKafkaConsumer) -> list[TopicPartition]:
    """All partitions of the reference topics. Raises KafkaError where a topic is missing.

    Their number is the declared one: a consumer that is assigned nothing yet knows no partitions of a real broker.
    """
    existing = await consumer.topics()
    for topic in REFERENCE:
        if topic.name not in existing:
            raise KafkaError(f"no topic {topic.name}: run `caudal topics create`")
    return [TopicPartition(topic.name, number) for topic in REFERENCE for number in range(topic.partitions)]
