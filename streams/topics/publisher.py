"""Writing to the topics: many records at once, acknowledged, in order per partition, in few requests.

Records of concurrent calls are gathered per partition into batches, so a thousand callers with one record each
cost about as much as one with a thousand.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from streams.faults import Point, reach
from streams.topics.lane import Delivery, Lane, Parcel
from streams.topics.pace import Pace
from streams.topics.partitions import partition_of
from streams.topics.producer import Producer
from streams.topics.records import PublishFailed, Record, RecordTooLarge, size_of

__all__ = ["PublishFailed", "Publisher", "Record", "RecordTooLarge"]

WAITING_BYTES = 64 * 1024 * 1024
"""Bytes that may wait for acknowledgement in all; beyond it a call fails at once instead of filling the memory."""


class Publisher:
    """Connects by itself, also to a broker that comes up later."""

    def __init__(self, broker: str, *, idempotent: bool = True, pace: float = 0.0) -> None:
        """broker: bootstrap servers. idempotent: see the setting `idempotent_producer`. pace: seconds between the
        beginnings of two rounds of writing at least; for who publishes records one by one."""
        self._producer = Producer(broker, idempotent)
        self._pace = Pace(pace)
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._partitions: dict[str, int] = {}
        self._waiting = 0

    async def start(self) -> None:
        """Begins to connect and returns at once."""
        _ = self._producer.connect()

    async def stop(self) -> None:
        """Sends what is on its way, for some seconds at most; calls that wait then fail."""
        await self._producer.stop()
        for lane in self._lanes.values():
            if lane.task is not None:
                lane.task.cancel()
            for parcel in lane.waiting:
                parcel.delivery.fail(PublishFailed("the publisher was stopped"))

    async def ping(self, timeout: float) -> None:
        """Asks the broker for its metadata. Raises PublishFailed within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                client = await self._producer.client()
                if not await client.client.force_metadata_update():
                    raise PublishFailed(f"Kafka at {self._producer.broker} does not answer")
        except TimeoutError as fault:
            raise PublishFailed(f"Kafka at {self._producer.broker} did not answer in {timeout} s") from fault

    async def publish(self, records: Sequence[Record], timeout: float) -> None:
        """Returns when all records are acknowledged by all in-sync replicas; same partition, same order.

        Raises PublishFailed when that has not come about within `timeout` seconds: some may be there, and what
        is on its way may still arrive, before anything published later. Raises RecordTooLarge before any is sent.
        """
        if not records:
            return
        size = sum(map(size_of, records))
        if self._waiting + size > WAITING_BYTES:
            raise PublishFailed(f"{self._waiting} bytes wait for Kafka already")
        self._waiting += size
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        try:
            if not all(record.partition is not None or record.topic in self._partitions for record in records):
                await self._learn(records, timeout)
            delivery = Delivery(len(records), loop.create_future())
            # `asyncio.timeout` would cost several times as much, for every single event of the gateway.
            deadline = loop.call_at(until, self._give_up, delivery, len(records), timeout)
            try:
                reach(Point.PUBLISH_BEFORE_SEND)
                await self._deliver(records, delivery)
                reach(Point.PUBLISH_BEFORE_ANSWER)
            finally:
                deadline.cancel()
        finally:
            self._waiting -= size

    def _give_up(self, delivery: Delivery, count: int, timeout: float) -> None:
        delivery.fail(self._late(count, timeout))

    def _late(self, count: int, timeout: float) -> PublishFailed:
        return PublishFailed(f"Kafka at {self._producer.broker} did not acknowledge {count} records in {timeout} s")

    async def _learn(self, records: Sequence[Record], timeout: float) -> None:
        """How many partitions the records' topics have, as the broker has them. Raises PublishFailed."""
        try:
            async with asyncio.timeout(timeout):
                for topic in {record.topic for record in records if record.partition is None}:
                    if topic not in self._partitions:
                        self._partitions[topic] = await self._producer.partitions(topic)
        except TimeoutError as fault:
            raise self._late(len(records), timeout) from fault

    async def _deliver(self, records: Sequence[Record], delivery: Delivery) -> None:
        groups: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            partition = record.partition
            if partition is None:
                partition = partition_of(record.key, self._partitions[record.topic])
            groups[record.topic, partition].append(record)
        for place, group in groups.items():
            self._lane(place).add(Parcel(delivery, group))
        self._pace.count()
        try:
            await delivery.over
        except BaseException:
            delivery.over.cancel()
            for place in groups:
                self._lanes[place].drop(delivery)
            raise

    def _lane(self, place: tuple[str, int]) -> Lane:
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(self._producer, *place, self._pace)
        return lane
