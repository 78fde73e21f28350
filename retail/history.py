"""The newest interactions of a customer with items, packed: 16 bytes each, oldest first.

One record, little-endian, without padding: item key u64, event time u32 (whole seconds), kind u8 (`Interaction`),
channel u8 (its place in `Channel`), quantity u16. As a numpy dtype, fields in this order:
item "<u8", at "<u4", kind "u1", channel "u1", quantity "<u2".
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from retail.customers import Interaction
from retail.events import Channel

RECORD = Struct("<QIBBH")
MOST = (1 << 16) - 1
"""Units of one record at most: what fits into 16 bits."""

_NUMBERS = {channel: number for number, channel in enumerate(Channel)}
_SIZE = RECORD.size
_second = Struct("<I").unpack_from
_TIME_AT = 8
_TIME_FROM_END = _SIZE - _TIME_AT
_KIND_AT = 12


class Interacted(NamedTuple):
    """One record. item: item key. at: seconds. kind: an `Interaction`. channel: its place in `Channel`."""

    item: int
    at: int
    kind: int
    channel: int
    quantity: int


def pack(item: int, at: int, kind: Interaction, channel: Channel, quantity: int = 1) -> bytes:
    """One record. at: seconds. A quantity outside 1 to 65535 becomes the nearest of the two."""
    if not 1 <= quantity <= MOST:
        quantity = min(max(quantity, 1), MOST)
    return RECORD.pack(item, at, kind, _NUMBERS[channel], quantity)


def insert(history: bytes, records: bytes, at: int, limit: int) -> bytes:
    """The history with records that all happened at the same second `at`, in time order.

    What arrives late goes where it belongs, behind what happened in the same second.
    Of more than `limit` records the oldest go.
    """
    end = len(history)
    if not end or _second(history, end - _TIME_FROM_END)[0] <= at:
        grown = history + records
    else:
        place = _place(history, at)
        grown = history[:place] + records + history[place:]
    excess = len(grown) - limit * _SIZE
    return grown[excess:] if excess > 0 else grown


def interactions(history: bytes) -> Iterator[Interacted]:
    """Oldest first."""
    return map(Interacted._make, RECORD.iter_unpack(history))


def second_of(record: bytes) -> int:
    """When a record happened, seconds."""
    second: int = _second(record, _TIME_AT)[0]
    return second


def count(history: bytes, kind: Interaction) -> int:
    return history[_KIND_AT::_SIZE].count(kind)


def happened_since(history: bytes, item: int, kind: Interaction, at: int) -> bool:
    """Whether this kind of interaction with the item is known at `at` (seconds) or later."""
    return any(r.item == item and r.kind == kind and r.at >= at for r in interactions(history))


def _place(history: bytes, at: int) -> int:
    """The byte offset behind the last record that is not younger than `at`."""
    place = len(history)
    while place and _second(history, place - _TIME_FROM_END)[0] > at:
        place -= _SIZE
    return place
