"""What a customer buys again and again: per item an exponentially decaying count of purchases, packed in 20 bytes.

One record, little-endian, without padding: item key u64, value f32, last u32 (whole seconds): the count stood at
`value` at the time `last`, and is `value * exp(-(now - last) / decay)` now. Then, for when it is due again, first u16
(whole days since the epoch) and times u16: the oldest purchase, and how many there were, up to MOST_TIMES. As a numpy
dtype, fields in this order: item "<u8", value "<f4", last "<u4", first "<u2", times "<u2". Records are in no order
that means anything.
"""

import math
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

RECORD = Struct("<QfIHH")
SLACK = 8
"""Habits may outgrow their limit by one part in this many, so that pruning is paid for once per many new items."""

MOST_TIMES = 0xFFFF

DAY = 86_400

_KEY = Struct("<Q")
_COUNT = Struct("<fIHH")
_SIZE = RECORD.size


class Habit(NamedTuple):
    """One record. item: item key. value: the count as it stood at `last` (seconds). first: day since the epoch."""

    item: int
    value: float
    last: int
    first: int
    times: int

    def strength(self, now: int, decay: float) -> float:
        """The count at `now` (seconds), with `decay` seconds to fall to 1/e."""
        return self.value * math.exp(min(self.last - now, 0) / decay)


def add(habits: bytes, items: Iterable[int], at: int, decay: float, limit: int) -> bytes:
    """The habits after one purchase at `at` (seconds): each of its items (keys, each once) counts 1, not its units.

    A late purchase adds what it would be worth by now, so the order of arrival does not matter (to the
    precision of f32). decay: seconds to 1/e. Of more than `limit` items (plus slack) the weakest go.
    """
    grown = bytearray(habits)
    for item in items:
        _count(grown, item, at, decay)
    if len(grown) > (limit + limit // SLACK) * RECORD.size:
        return _prune(bytes(grown), decay, limit)
    return bytes(grown)


def union(one: bytes, other: bytes, decay: float, limit: int) -> bytes:
    """The habits of a customer who counted in two places. Of more than `limit` items (plus slack) the weakest go."""
    counts = {item: counted for item, *counted in RECORD.iter_unpack(one)}
    for item, value, last, first, times in RECORD.iter_unpack(other):
        known, since, begun, before = counts.get(item, (0.0, last, first, 0))
        newest = max(last, since)
        strength = _at(known, since, newest, decay) + _at(value, last, newest, decay)
        counts[item] = [strength, newest, min(first, begun), min(times + before, MOST_TIMES)]
    grown = b"".join(RECORD.pack(item, *counted) for item, counted in sorted(counts.items()))
    return _prune(grown, decay, limit) if len(counts) > limit + limit // SLACK else grown


def _at(value: float, last: int, now: int, decay: float) -> float:
    return value * math.exp((last - now) / decay)


def all_habits(habits: bytes) -> Iterator[Habit]:
    return map(Habit._make, RECORD.iter_unpack(habits))


def habit_of(habits: bytes, item: int) -> Habit | None:
    """None where there is none of the item key."""
    place = find(habits, item)
    return Habit._make(RECORD.unpack_from(habits, place)) if place >= 0 else None


def find(habits: bytes | bytearray, item: int) -> int:
    """The byte offset of the item's record, -1 without one."""
    return _find(habits, _KEY.pack(item))


def _find(habits: bytes | bytearray, key: bytes) -> int:
    found = habits.find(key)
    while found > 0 and found % _SIZE:
        found = habits.find(key, found + 1)
    return found


def _count(habits: bytearray, item: int, at: int, decay: float) -> None:
    key = _KEY.pack(item)
    place = _find(habits, key) + _KEY.size
    if place < _KEY.size:
        habits += key + _COUNT.pack(1.0, at, at // DAY, 1)
        return
    value, last, first, times = _COUNT.unpack_from(habits, place)
    times += times < MOST_TIMES
    if at >= last:
        _COUNT.pack_into(habits, place, value * math.exp((last - at) / decay) + 1.0, at, first, times)
    else:
        first = min(first, at // DAY)
        _COUNT.pack_into(habits, place, value + math.exp((at - last) / decay), last, first, times)


def _prune(habits: bytes, decay: float, limit: int) -> bytes:
    """The `limit` strongest, in the order they had. Compared as logarithms: no common "now", no underflow."""
    ranked = sorted(
        (
            (math.log(value) + last / decay, item, place)
            for place, (item, value, last, *_) in enumerate(RECORD.iter_unpack(habits))
        ),
        reverse=True,
    )
    kept = sorted(place for _, _, place in ranked[:limit])
    return b"".join(habits[place * RECORD.size : (place + 1) * RECORD.size] for place in kept)
