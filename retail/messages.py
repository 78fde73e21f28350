"""Which messages of a customer were applied already: a mark of each, by the day it arrived.

A mark is 48 bits of the id's hash and 16 of a fingerprint of what the message said, so that an id which is used again
for something else is told from a message that comes again. A new message is taken for one of n remembered with
probability n * 2**-48, 9e-13 at 256 of them; then it is rejected as a conflict, not lost in silence, but for one time
in 65536. A conflict is taken for a repetition one time in 65536, too.

Layout, little-endian: the number of days u8; per day, oldest first, the day u16 (days since the epoch) and how many
ids arrived on it u16; then the marks, 8 bytes each, in order of arrival. So an id costs 8 bytes and a day 4.
"""

from collections import Counter
from enum import IntEnum
from hashlib import blake2b
from struct import Struct
from typing import get_args
from zlib import crc32

from retail.events import DeliveryReported, Event, encode_event

HASH = 8
ID = 6
"""Bytes of a mark that are the id's."""
DAY = 86_400_000
"""Milliseconds."""

LAST_DAY = (1 << 16) - 1

_MARK = Struct(f"<{ID}sH")
_RUN = Struct("<HH")
_RUN_SIZE = _RUN.size
_ONE_DAY = Struct("<BHH")

_RECEIVED = b'"received":'

_KINDS = {kind: crc32(str(kind.__struct_config__.tag).encode()) for kind in get_args(Event)}


class Known(IntEnum):
    """What is remembered of a message's id: nothing, this very message, or another one."""

    NOT = 0
    SAME = 1
    OTHER = 2


# Read on every event: by the class, each costs twice the look-up of a name.
_NOT, _SAME, _OTHER = Known


def mark_of(message: str, content: int = 0) -> bytes:
    """message: its id. content: of which 16 bits are kept."""
    return _MARK.pack(blake2b(message.encode(), digest_size=HASH).digest(), content & 0xFFFF)


def content_of(event: Event) -> int:
    """A fingerprint of what the event says, apart from its id, the times and the channel: a message that comes again,
    by another way, may differ in those. What we report of a push is told by its id alone: judged again, the reason may
    be another one.
    """
    kind = type(event)
    if kind is DeliveryReported:
        return 0
    # As written: {"event":KIND,"id":...,"customer":...,"channel":...,"at":...,"received":NUMBER,THE REST}
    raw = encode_event(event)
    rest = raw.find(b",", raw.index(_RECEIVED))
    return crc32(raw[rest:] if rest > 0 else b"", _KINDS[kind])


def remembers(messages: bytes, mark: bytes) -> bool:
    """Whether the id was used, whatever for."""
    return known(messages, mark) is not _NOT


def known(messages: bytes, mark: bytes) -> Known:
    id_ = mark[:ID]
    found = messages.find(id_)
    if found < 0:
        # Nearly always so; all below is for what lies across two marks, or was there before.
        return _NOT
    start = _start(messages)
    while found >= 0 and (found < start or (found - start) % HASH):
        found = messages.find(id_, found + 1)
    if found < 0:
        return _NOT
    return _SAME if messages[found : found + HASH] == mark else _OTHER


def add(messages: bytes, mark: bytes, received: int, memory: int, limit: int) -> tuple[bytes, int]:
    """The messages with one more, and how many ids the bound pushed out before their time.

    received: arrival, milliseconds. memory: days an id is kept after the day of its arrival. limit: ids kept at
    most (below 65536). An arrival before the newest day known counts to that day, so days only grow.
    """
    day = received // DAY
    if not messages:
        if 0 <= day <= LAST_DAY and limit > 0:
            return _ONE_DAY.pack(1, day, 1) + mark, 0
        return _add_and_forget(messages, mark, day, memory, limit)
    start = 1 + messages[0] * _RUN_SIZE
    if len(messages) - start < limit * HASH:
        place = start - _RUN_SIZE
        newest, arrived = _RUN.unpack_from(messages, place)
        if day <= newest:
            # The common case: nothing expires within a day.
            return messages[:place] + _RUN.pack(newest, arrived + 1) + messages[start:] + mark, 0
    return _add_and_forget(messages, mark, day, memory, limit)


def _add_and_forget(messages: bytes, mark: bytes, arrival: int, memory: int, limit: int) -> tuple[bytes, int]:
    runs, marks = _runs(messages), messages[_start(messages) :]
    day = min(max(arrival, runs[-1][0] if runs else 0), LAST_DAY)
    if runs and runs[-1][0] == day:
        runs[-1] = (day, runs[-1][1] + 1)
    else:
        runs.append((day, 1))
    marks += mark
    expired = _expired(runs, day - memory)
    pushed_out = max(0, len(marks) // HASH - expired - limit)
    return _pack(runs, marks, expired + pushed_out), pushed_out


def union(one: bytes, other: bytes, memory: int, limit: int) -> bytes:
    """What either remembers, each id once, under the day of its later arrival where both do. As `add`, bounded."""
    days = _by_mark(one)
    for mark, day in _by_mark(other).items():
        days[mark] = max(day, days.get(mark, 0))
    newest = max(days.values(), default=0)
    kept = sorted((day, mark) for mark, day in days.items() if day >= newest - memory)[-limit:]
    runs = Counter(day for day, _ in kept)
    return _pack(sorted(runs.items()), b"".join(mark for _, mark in kept), 0) if kept else b""


def in_both(one: bytes, other: bytes) -> int:
    """How many messages both remember."""
    return len(_by_mark(one).keys() & _by_mark(other).keys())


def size(messages: bytes) -> int:
    """How many ids are remembered."""
    return (len(messages) - _start(messages)) // HASH


def _by_mark(messages: bytes) -> dict[bytes, int]:
    """The day of each mark."""
    days = (day for day, count in _runs(messages) for _ in range(count)) if messages else iter(())
    place = _start(messages)
    return {messages[at : at + HASH]: day for at, day in zip(range(place, len(messages), HASH), days, strict=True)}


def _start(messages: bytes) -> int:
    return 1 + messages[0] * _RUN_SIZE if messages else 0


def _runs(messages: bytes) -> list[tuple[int, int]]:
    return list(_RUN.iter_unpack(messages[1 : _start(messages)]))


def _expired(runs: list[tuple[int, int]], oldest: int) -> int:
    """How many ids arrived before the day `oldest`."""
    return sum(count for day, count in runs if day < oldest)


def _pack(runs: list[tuple[int, int]], marks: bytes, gone: int) -> bytes:
    """gone: ids to forget, the oldest first."""
    header, left = b"", gone
    kept = 0
    for day, count in runs:
        if left >= count:
            left -= count
            continue
        header += _RUN.pack(day, count - left)
        left = 0
        kept += 1
    return bytes((kept,)) + header + marks[gone * HASH :]
