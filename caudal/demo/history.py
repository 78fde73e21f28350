"""The past: receipts of the training months, written straight to Kafka as fast as it takes them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from caudal.demo.journal import Journal
from caudal.demo.messages import Message, receipt_message
from caudal.demo.receipts import Receipts
from streams.topics import STORE
from streams.topics.publisher import Publisher, PublishFailed, Record

PAGE = 500
"""Receipts published at once, about 400 KB."""

TIMEOUT = 30.0
"""Seconds for Kafka to acknowledge a page."""

ATTEMPTS = 3
"""A page that was not acknowledged is published again whole; what arrives twice is recognised by its message id."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class History:
    publisher: Publisher
    journal: Journal

    async def play(self, receipts: Receipts, run: str) -> None:
        """run: the prefix of the message ids. Raises PublishFailed."""
        for page in _pages(receipts, run):
            await self._publish([_record(message) for message in page])
            self.journal.accepted(page)
            await asyncio.sleep(0)

    async def _publish(self, records: Sequence[Record]) -> None:
        for _ in range(ATTEMPTS - 1):
            try:
                await self.publisher.publish(records, TIMEOUT)
            except PublishFailed:
                continue
            return
        await self.publisher.publish(records, TIMEOUT)


def _pages(receipts: Receipts, run: str) -> Iterator[list[Message]]:
    for first in range(0, len(receipts), PAGE):
        page = receipts.between(first, min(first + PAGE, len(receipts)))
        yield [receipt_message(receipt, run) for receipt in page]


def _record(message: Message) -> Record:
    return Record(STORE.name, message["userId"].encode(), _encoder.encode(message))
