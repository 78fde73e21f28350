"""Where a `customer-events` record came from: the source topic, partition and offset in its header.

The journey's ledger keeps, per source partition, the highest offset applied; a record that `identify` produced
twice is at or below that mark and is dropped. No Kafka transactions needed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.state import Source

HEADER = "origin"


class Origin(NamedTuple):
    """source: topic and partition. offset: in it."""

    source: Source
    offset: int


def origin_header(topic: str, partition: int, offset: int) -> tuple[str, bytes]:
    return HEADER, f"{topic}/{partition}/{offset}".encode()


def read_origin(headers: Sequence[tuple[str, bytes]]) -> Origin | None:
    """None where a foreign producer wrote the record without one, or with nonsense."""
    for name, value in headers:
        if name == HEADER:
            return _parse(value)
    return None


def _parse(value: bytes) -> Origin | None:
    try:
        topic, partition, offset = value.decode().rsplit("/", 2)
        return Origin((topic, int(partition)), int(offset))
    except ValueError:
        return None
