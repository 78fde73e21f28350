"""The connection of a publisher: an aiokafka producer that is started when needed and replaced when it has died."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidTimestampError, KafkaError, UnknownError

from streams.topics.lane import Batch
from streams.topics.records import PublishFailed

BATCH_BYTES = 512 * 1024
"""Most bytes of one batch: some thousand events. Larger brings no more speed and blocks the event loop longer."""

REQUEST_TIMEOUT_MS = 10_000
"""Milliseconds until an unanswered request is given up; a batch of a producer that is not idempotent dies with it."""

STOP_TIMEOUT = 5.0
"""Seconds the client may take to stop; with the broker gone it would wait for ever."""


@dataclass(eq=False)
class Producer:
    """broker: bootstrap servers. idempotent: needs InitProducerId, which the embedded broker lacks. _met: partitions
    that the running client has written to."""

    broker: str
    idempotent: bool
    _met: set[TopicPartition] = field(default_factory=set)
    _client: AIOKafkaProducer | None = None
    _starting: asyncio.Future[AIOKafkaProducer] | None = None

    async def client(self) -> AIOKafkaProducer:
        """The running client. Concurrent callers share one attempt to start; a cancelled one does not end it."""
        if self._client is not None:
            return self._client
        return await asyncio.shield(self.connect())

    def connect(self) -> asyncio.Future[AIOKafkaProducer]:
        """The attempt to start that is going on, or a new one."""
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
            self._starting.add_done_callback(self._started)
        return self._starting

    async def open(self) -> Batch:
        return cast(Batch, (await self.client()).create_batch())

    async def send(self, batch: Batch, topic: str, partition: int) -> None:
        client = await self.client()
        try:
            await (await self._submitted(client, batch, TopicPartition(topic, partition)))
        except KafkaError as fault:
            if not fault.retriable:
                await self._discard(client)
            raise PublishFailed(
                f"{topic}[{partition}] at {self.broker} did not take a batch: {_refusal(fault)}"
            ) from fault
        except AssertionError as fault:
            raise PublishFailed(f"{topic} has no partition {partition}: check `caudal topics create`") from fault

    async def _submitted(self, client: AIOKafkaProducer, batch: Batch, place: TopicPartition) -> asyncio.Future[object]:
        """The client asks for every batch which partitions its topic has, three times, and makes sets of them; of one
        that it has written to it is known."""
        if place in self._met:
            accumulator = client._message_accumulator  # noqa: SLF001 - where `send_batch` itself ends
            return cast(asyncio.Future[object], await accumulator.add_batch(batch, place, REQUEST_TIMEOUT_MS / 1000))
        submitted = await client.send_batch(batch, place.topic, partition=place.partition)
        if client is self._client:
            self._met.add(place)
        return cast(asyncio.Future[object], submitted)

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        client = await self.client()
        try:
            return len(await client.partitions_for(topic))
        except KafkaError as fault:
            raise PublishFailed(f"no topic {topic} at {self.broker}: run `caudal topics create` ({fault!r})") from fault

    async def stop(self) -> None:
        """What is on its way is sent, for at most STOP_TIMEOUT seconds."""
        if self._starting is not None:
            self._starting.cancel()
        if self._client is not None:
            await self._discard(self._client)

    async def _start(self) -> AIOKafkaProducer:
        client = AIOKafkaProducer(
            bootstrap_servers=self.broker,
            acks="all",
            enable_idempotence=self.idempotent,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await client.start()
        except BaseException as fault:
            await _close(client)
            if isinstance(fault, (KafkaError, OSError)):
                raise PublishFailed(f"cannot reach Kafka at {self.broker}: {_advice(fault)}") from fault
            raise
        self._client = client
        return client

    def _started(self, task: asyncio.Future[AIOKafkaProducer]) -> None:
        self._starting = None
        if not task.cancelled():
            task.exception()

    async def _discard(self, client: AIOKafkaProducer) -> None:
        if self._client is client:
            self._client = None
            self._met.clear()
        await _close(client)


async def _close(client: AIOKafkaProducer) -> None:
    with suppress(TimeoutError, KafkaError, OSError):
        await asyncio.wait_for(client.stop(), STOP_TIMEOUT)


def _advice(fault: BaseException) -> str:
    if isinstance(fault, UnknownError):
        return "it has no idempotent producers; set CAUDAL_IDEMPOTENT_PRODUCER=false for a broker without them"
    return repr(fault)


def _refusal(fault: KafkaError) -> str:
    if isinstance(fault, InvalidTimestampError):
        return "by its clock it comes from the future; set the clock of this machine, or of Kafka's"
    return repr(fault)
