"""A record to be written to a topic, and what can go wrong with it."""

from collections.abc import Sequence

import msgspec

from streams.topics import ALL, RECORD_BYTES

OVERHEAD = 70
"""Bytes that a record of its own batch costs beside key, value and headers (61 for the batch, the rest lengths)."""

ORIGIN = "origin"
"""Header of every record of `customer-events`: the record it came from."""

UNMARKED = "none"
"""Origin of a record that comes from no source partition (a timer, an order, a reject that was put back): it has no
mark, and only its event's id, or its effect, tells whether it was applied before."""

Headers = Sequence[tuple[str, bytes | None]]
"""Of a record that somebody wrote: in Kafka a header may have no value."""

_LARGEST = {topic.name: topic.record_bytes for topic in ALL}


class Record(msgspec.Struct, frozen=True, gc=False):
    """value: None is a tombstone. partition: chosen by the key where None. timestamp: milliseconds, now where None."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None
    timestamp: int | None = None


def unmarked_header() -> tuple[str, bytes]:
    return ORIGIN, UNMARKED.encode()


class PublishFailed(Exception):
    """Kafka did not acknowledge in time. Some of the records may be there: publish all again, or give up all."""


class RecordTooLarge(Exception):
    """No broker of ours takes this record, however often it is sent."""


def size_of(record: Record) -> int:
    """Bytes the record takes at most. Raises RecordTooLarge."""
    size = OVERHEAD + len(record.key) + len(record.value or b"")
    for name, value in record.headers:
        size += len(name) + len(value) + 10
    if size > (largest := _LARGEST.get(record.topic, RECORD_BYTES)):
        raise RecordTooLarge(
            f"a record for {record.topic} has {size} bytes, the topic takes {largest}: send less in one event"
        )
    return size
