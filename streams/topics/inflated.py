"""Batches that unfold without measure: what a producer compressed is read up to a limit, and beyond it told of.

A batch of a few kilobytes may unfold to gigabytes, and the client unfolds it whole: every worker that fetches it would
die of it, one after the other. The broker's limit is for the batch as it was sent.
"""

import gzip
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, NamedTuple

import cramjam
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.codec import snappy_decode
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

from streams.topics import CUSTOMER_EVENTS

LIMIT = 16 * 1024 * 1024
"""Bytes of a batch after decompression, sixteen times the largest record: client libraries fill a batch up to the
record limit at most before they compress it. As for a request to the gateway."""

LIKELY, SMALLEST, STEP = 16, 64 * 1024, 8
"""Room for what unfolds: so many times the batch at first, so many bytes at least, and so many times more where it does
not suffice. Making room for the limit at once would cost 6 ms a batch."""

XERIAL = b"\x82SNAPPY\x00"
"""How snappy of the Java client begins: a head of 16 bytes, then blocks, each behind its length."""


OVERSIZED = f"it came, alone or with others, in a compressed batch that unfolds to more than {LIMIT} bytes"
"""Of a record in such a batch, for a reader."""


class BatchTooLarge(Exception):
    """It unfolds to more than LIMIT."""


class Oversized(bytes):
    """Stands for the value of a record in a batch that is too large; empty."""


class _Told(NamedTuple):
    """What the client wants to know of a record."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None = None
    value: bytes = Oversized()
    checksum: None = None
    headers: tuple[()] = ()


class BoundedConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # nor for this
    """The client's, for topics that others write to."""

    async def start(self) -> None:
        bound_batches()
        await super().start()


def bound_batches() -> None:
    """In this process; harmless to repeat."""
    for batch in (DefaultRecordBatch, LegacyRecordBatch):
        where = sys.modules[batch.__module__]
        for name, decode in DECODERS.items():
            setattr(where, name, decode)
    fetcher.PartitionRecords = _MeasuredRecords


class _MeasuredRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # the client has no types for it
    def __init__(self, tp: TopicPartition, records: Any, *rest: Any) -> None:
        super().__init__(tp, _Batches(tp, records), *rest)


class _Batches:
    """What one fetch brought of a partition."""

    def __init__(self, place: TopicPartition, records: Any) -> None:
        self._place = place
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return _Batch(self._place, batch) if batch.compression_type else batch


class _Batch:
    """A compressed batch; in the place of one that is too large stands a record that says so, or one for each offset
    where the ledger counts them."""

    def __init__(self, place: TopicPartition, batch: Any) -> None:
        self._place = place
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except BatchTooLarge:
            first, last = self._batch.base_offset, self._batch.next_offset - 1
            kept = range(first, last + 1) if self._place.topic == CUSTOMER_EVENTS.name else (last,)
            when = self._batch.max_timestamp, self._batch.timestamp_type
            yield from (_Told(offset, *when) for offset in kept)


def _gunzipped(payload: bytes) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(payload)) as file:
        unfolded = file.read(LIMIT + 1)
    if len(unfolded) > LIMIT:
        raise BatchTooLarge
    return unfolded


def _unsnapped(payload: bytes) -> bytes:
    if sum(_lengths(memoryview(payload))) > LIMIT:
        raise BatchTooLarge
    return bytes(snappy_decode(payload))


def _lengths(payload: memoryview) -> Iterator[int]:
    """Of the blocks, as they say themselves; the decoder holds them to it."""
    if payload[: len(XERIAL)] != XERIAL:
        yield cramjam.snappy.decompress_raw_len(payload)
        return
    begins = 16
    while begins < len(payload):
        ends = begins + 4 + int.from_bytes(payload[begins : begins + 4])
        yield cramjam.snappy.decompress_raw_len(payload[begins + 4 : ends])
        begins = ends


def _into(inflate: Callable[[bytes, bytearray], int]) -> Callable[[bytes], bytes]:
    def decode(payload: bytes) -> bytes:
        room = min(LIMIT, max(SMALLEST, LIKELY * len(payload)))
        while True:
            unfolded = bytearray(room)
            try:
                return bytes(memoryview(unfolded)[: inflate(payload, unfolded)])
            except cramjam.DecompressionError as fault:
                if room == LIMIT:
                    raise BatchTooLarge from fault
            room = min(LIMIT, STEP * room)

    return decode


DECODERS = {
    "gzip_decode": _gunzipped,
    "snappy_decode": _unsnapped,
    "lz4_decode": _into(cramjam.lz4.decompress_into),
    "zstd_decode": _into(cramjam.zstd.decompress_into),
}
"""In the place of the client's, by name."""
