"""Where a `customer-events` record came from: the source topic, partition and offset in its header.

The journey's ledger keeps, per source partition, the highest offset applied; a record that `identify` produced
twice is at or below that mark and is dropped. No Kafka transactions needed.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import msgspec

from streams.state import Source
from streams.topics.records import ORIGIN, UNMARKED, Headers, unmarked_header

__all__ = ["Origin", "Replay", "unmarked_header"]

ALSO = "also"
"""Header of an event that names several identifiers: the profiles of the weaker ones, a JSON list."""

NAMED_AT_ONCE = 16
"""Identifiers of one event that are looked at; senders can give eight."""

LETTERS_AT_ONCE = 1024
"""Letters that one record may give rise to at most: their origins are its offset times this, and their number."""

KNOWN_SOURCES = 4096
"""Source partitions whose names are kept ready; any number of others is read as well."""

DIGITS = 19
"""They hold every offset; Python refuses to read thousands of them."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[str, ...])
_UNMARKED = UNMARKED.encode()

REPLAY = "replay-of"
"""Header of a rejected record that was put back: where it was first, and when it was received there, milliseconds.
So it happened when it did, is rejected again under its old name, and where it has no id its place is one."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """source: topic and partition, None for an unmarked record. offset: in it."""

    source: Source | None
    offset: int


def origin_header(topic: str, partition: int, offset: int) -> tuple[str, bytes]:
    return ORIGIN, f"{topic}/{partition}/{offset}".encode()


def letter_header(topic: str, partition: int, offset: int, number: int) -> tuple[str, bytes]:
    """The origin of what a record of ours gave rise to, the first having number 0: as increasing as offsets are."""
    return origin_header(topic, partition, offset * LETTERS_AT_ONCE + number)


def also_header(profiles: Sequence[str]) -> tuple[str, bytes]:
    return ALSO, _encoder.encode(profiles)


def read_also(headers: Headers) -> tuple[str, ...]:
    """Nothing where a foreign producer wrote nonsense."""
    for name, value in headers:
        if name == ALSO:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return _decoder.decode(value or b"")[:NAMED_AT_ONCE]
    return ()


def read_origin(headers: Headers) -> Origin | None:
    """None where a foreign producer wrote the record without one, or with nonsense."""
    for name, value in headers:
        if name == ORIGIN:
            return _parse(value or b"")
    return None


class Replay(NamedTuple):
    """source: `topic/partition/offset`. received: milliseconds."""

    source: str
    received: int


def replay_header(source: str, received: int) -> tuple[str, bytes]:
    return REPLAY, f"{source}@{received}".encode()


def read_replay(headers: Headers) -> Replay | None:
    """None for what is no replay, and for nonsense."""
    for name, value in headers:
        if name == REPLAY:
            place, _, received = (value or b"").rpartition(b"@")
            origin = _parse(place)
            if origin is None or origin.source is None or not _is_number(received):
                return None
            return Replay(place.decode(), int(received))
    return None


def _parse(value: bytes) -> Origin | None:
    place, _, offset = value.rpartition(b"/")
    source = _source(place)
    if source is None or not offset.isdigit() or len(offset) > DIGITS:
        return Origin(None, 0) if value == _UNMARKED else None
    return Origin(source, int(offset))


@lru_cache(maxsize=KNOWN_SOURCES)
def _source(place: bytes) -> Source | None:
    topic, _, partition = place.rpartition(b"/")
    try:
        return (topic.decode(), int(partition)) if _is_number(partition) else None
    except UnicodeDecodeError:
        return None


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= DIGITS
