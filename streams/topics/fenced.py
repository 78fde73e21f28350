"""Writing to a partition as its only writer: whoever opens it shuts out whoever had it open before.

A worker that was paused and replaced may wake with an old value in its hands; written late to a compacted topic it
would replace a newer one. Kafka refuses it: each partition has one transactional producer, and opening it anew fences
the former. A broker without idempotent producers (the embedded one, which keeps nothing beyond its process) has no
such thing, and there the last one to write is believed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.topics.producer import BATCH_BYTES, REQUEST_TIMEOUT_MS, STOP_TIMEOUT
from streams.topics.records import PublishFailed, Record

OPEN_TIMEOUT = 20.0
"""Seconds to become the writer; a broker that makes its transaction log upon it takes a few."""

TRANSACTION_TIMEOUT_MS = 30_000
"""Milliseconds until Kafka undoes what a dead writer began; readers of the topic see nothing later before that."""


@dataclass(frozen=True)
class FencedTopic:
    """broker: bootstrap servers. group: of the workers, who share the fence. fences: False where Kafka cannot."""

    broker: str
    group: str
    topic: str
    fences: bool

    @asynccontextmanager
    async def open(self, partition: int) -> AsyncIterator["FencedPartition"]:
        """Raises PublishFailed where Kafka is down, and for all that is written once another has opened it."""
        client = AIOKafkaProducer(
            bootstrap_servers=self.broker,
            acks="all",
            transactional_id=f"{self.group}-{self.topic}-{partition}" if self.fences else None,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await self._start(client)
            yield FencedPartition(client, self.topic, partition, self.fences)
        except (KafkaError, OSError) as fault:
            raise PublishFailed(f"cannot write to {self.topic}[{partition}] alone: {fault!r}") from fault
        finally:
            with suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(client.stop(), STOP_TIMEOUT)

    async def _start(self, client: AIOKafkaProducer) -> None:
        """Without a transaction log at the broker the client would wait for ever. Raises PublishFailed."""
        try:
            await asyncio.wait_for(client.start(), OPEN_TIMEOUT)
        except TimeoutError as fault:
            raise PublishFailed(
                f"Kafka at {self.broker} gives no transactional producer in {OPEN_TIMEOUT:.0f} s: does its "
                "transaction.state.log.replication.factor fit the number of brokers?"
            ) from fault


@dataclass(frozen=True)
class FencedPartition:
    """One partition, opened."""

    client: AIOKafkaProducer
    topic: str
    partition: int
    fences: bool

    async def write(self, records: Sequence[Record]) -> None:
        """Returns when all are acknowledged; where Kafka fences, readers see all of them or none."""
        if not self.fences:
            await self._send(records)
            return
        async with self.client.transaction():
            await self._send(records)

    async def _send(self, records: Sequence[Record]) -> None:
        sent = [
            await self.client.send(
                self.topic, record.value, record.key, partition=self.partition, headers=list(record.headers)
            )
            for record in records
        ]
        for acknowledged in sent:
            await acknowledged
