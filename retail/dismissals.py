"""What a customer waved away: per item its category and the last time, packed in 20 bytes.

One record, little-endian, without padding: item key u64, category key u64 (0 without a category), last u32 (whole
seconds); the newest last. The category is the one that the catalogue named when the dismissal was applied.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from retail.catalog import category_key, item_key
from retail.changes import Changes, Surroundings
from retail.customers import CustomerState
from retail.events import ProductDismissed
from retail.instants import whole_seconds

RECORD = Struct("<QQI")


class Dismissal(NamedTuple):
    """item, category: keys. at: seconds."""

    item: int
    category: int
    at: int


def dismissed(state: CustomerState, event: ProductDismissed, around: Surroundings) -> Changes:
    known = around.reference.items.get(event.item)
    category = category_key(known.category) if known is not None and known.category else 0
    new = Dismissal(item_key(event.item), category, whole_seconds(event.at))
    return {"dismissed": _newest([*dismissals(state.dismissed), new], around.policy.dismissals)}


def united(one: bytes, other: bytes, limit: int) -> bytes:
    """Of two profiles of one customer."""
    return _newest([*dismissals(one), *dismissals(other)], limit)


def dismissals(packed: bytes) -> Iterator[Dismissal]:
    """The oldest first."""
    return map(Dismissal._make, RECORD.iter_unpack(packed))


def _newest(told: Iterable[Dismissal], limit: int) -> bytes:
    """Each item once, its last time; of more than `limit` the oldest go. The order in which they come makes no
    difference: what went was older than all that stayed, whose times only grow."""
    last: dict[int, Dismissal] = {}
    for one in told:
        known = last.get(one.item)
        if known is None or _age(one) > _age(known):
            last[one.item] = one
    return b"".join(RECORD.pack(*one) for one in sorted(last.values(), key=_age)[-limit:])


def _age(one: Dismissal) -> tuple[int, int, int]:
    return one.at, one.item, one.category
