"""What was looked at, put into a cart or bought, told to every process that answers: 32 bytes each, nobody named.

One record, little-endian, without padding: session u64, item key u64, event time u64 (milliseconds), store u32,
kind u8 (`Interaction`), channel u8 (its place in `Channel`), zero u16.
"""

from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from zlib import crc32

from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel, Event, OrderCompleted, ProductAdded, ProductViewed

RECORD = Struct("<QQQIBBH")

NO_STORE = 0

LINES = 50
"""Lines of an order that are told of: a wholesaler's order of thousands sets no trend."""

KEPT = 1 << 16
"""Sessions whose numbers are kept ready, some 15 MB: hashing costs as much as the rest of a click."""

_NUMBERS = {channel: number for number, channel in enumerate(Channel)}

TOLD = {
    ProductViewed: Interaction.VIEWED,
    ProductAdded: Interaction.ADDED,
    OrderCompleted: Interaction.BOUGHT,
}
"""Kinds of events that are told of, and as what."""


def store_key(store: str) -> int:
    """The number of a store, NO_STORE for "". Of a thousand stores two share one with probability 1e-4; they would
    then share their trends."""
    return crc32(store.encode()) if store else NO_STORE


def session_key(customer: str, state: CustomerState, salt: bytes) -> int:
    """The number of the customer's current session. Without the salt (16 to 64 random bytes) nobody can tell whose it
    is, however many ids of customers are tried."""
    return _session_key(customer, state.session.started if state.session is not None else 0, salt)


@lru_cache(maxsize=KEPT)
def _session_key(customer: str, started: int, salt: bytes) -> int:
    told = _salted(salt).copy()
    told.update(f"{started}/{customer}".encode())
    return int.from_bytes(told.digest(), "little")


@lru_cache(maxsize=2)
def _salted(salt: bytes) -> blake2b:
    """To be copied: what has taken in the salt already costs half as much."""
    return blake2b(digest_size=8, key=salt)


def clicks_of(event: Event, state: CustomerState, salt: bytes) -> list[bytes]:
    """The records of one event, none of most kinds. state: of its customer, with the event applied."""
    items: tuple[str, ...]
    store = state.visit.store if state.visit is not None else ""
    if type(event) is ProductViewed or type(event) is ProductAdded:
        items = (event.item,)
    elif type(event) is OrderCompleted:
        items, store = tuple(line.item for line in event.lines[:LINES]), event.store or store
    else:
        return []
    session, place, at = session_key(event.customer, state, salt), store_key(store), max(event.at, 0)
    kind, channel = TOLD[type(event)], _NUMBERS[event.channel]
    return [RECORD.pack(session, item_key(item), at, place, kind, channel, 0) for item in items]
