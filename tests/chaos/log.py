"""Reads whole topics, beside all consumer groups."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer
from kafka import TopicPartition as Place

Seen: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

LAST_LOOK_MS = 500
"""Milliseconds to wait for records behind the end that the broker names; the embedded one may name too early a one."""


def scan(broker: str, topics: Iterable[str], see: Callable[[Seen], None]) -> None:
    """Shows every record of the topics, each partition in order."""
    ends = Ends(broker)
    places = [TopicPartition(*place) for place in ends.of(topics)]
    ends.close()
    asyncio.run(_scan(broker, places, see))


async def _scan(broker: str, places: Sequence[TopicPartition], see: Callable[[Seen], None]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while True:
            fetched = await consumer.getmany(timeout_ms=LAST_LOOK_MS)
            for records in fetched.values():
                for record in records:
                    see(record)
            if not fetched and all([await consumer.position(place) >= ends[place] for place in places]):
                return
    finally:
        await consumer.stop()


class Ends:
    """Where logs end and what a group has committed, asked again and again over one connection."""

    def __init__(self, broker: str) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=broker.split(","), request_timeout_ms=10_000)
        self._admin = KafkaAdminClient(bootstrap_servers=broker.split(","), request_timeout_ms=10_000)

    def of(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """The offset after the last record, by topic and partition. Raises KafkaError."""
        places = [Place(topic, n) for topic in topics for n in self._consumer.partitions_for_topic(topic) or ()]
        return {(place.topic, place.partition): end for place, end in self._consumer.end_offsets(places).items()}

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Raises KafkaError; not to be asked of the embedded broker."""
        found = self._admin.list_group_offsets(group)
        return {(place.topic, place.partition): entry.offset for place, entry in found[group].items()}

    def close(self) -> None:
        self._consumer.close()
        self._admin.close()
