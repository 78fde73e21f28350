"""What was looked at, put into a cart or bought, told to every process that answers: 32 bytes each, nobody named.

One record, little-endian, without padding: session u64, item key u64, event time u64 (milliseconds), store u32,
kind u8 (`Interaction`), channel u8 (its place in `Channel`), zero u16.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from zlib import crc32

from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel, Event, OrderCompleted, ProductAdded, ProductViewed

RECORD = Struct("<QQQIBBH")
_pack = RECORD.pack

NO_STORE = 0

LINES = 50
"""Lines of an order that are told of: a wholesaler's order of thousands sets no trend."""

_NUMBERS = {channel: number for number, channel in enumerate(Channel)}

TOLD: Mapping[type[Event], Interaction] = {
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
    started = state.session.started if state.session is not None else 0
    told = _salted(salt).copy()
    told.update(f"{started}/{customer}".encode())
    return int.from_bytes(told.digest(), "little")


@lru_cache(maxsize=2)
def _salted(salt: bytes) -> blake2b:
    """To be copied: what has taken in the salt already costs half as much."""
    return blake2b(digest_size=8, key=salt)


def clicks_of(events: Iterable[Event], states: Mapping[str, CustomerState], salt: bytes) -> list[bytes]:
    """The records of some events, in their order, none of most kinds. states: of their customers, with the events
    applied; of whom there is none nothing is told."""
    told: list[bytes] = []
    known: dict[str, tuple[int, int]] = {}
    for event in events:
        kind = TOLD.get(type(event))
        if kind is None or event.customer not in states:
            continue
        whose = known.get(event.customer)
        if whose is None:
            whose = known[event.customer] = _whose(event.customer, states[event.customer], salt)
        if type(event) is ProductViewed or type(event) is ProductAdded:
            told.append(_record(event, event.item, kind, whose))
        elif type(event) is OrderCompleted:
            whose = (whose[0], store_key(event.store)) if event.store else whose
            told += [_record(event, line.item, kind, whose) for line in event.lines[:LINES]]
    return told


def _whose(customer: str, state: CustomerState, salt: bytes) -> tuple[int, int]:
    """Session and store, looked up once for all that a customer did meanwhile."""
    return session_key(customer, state, salt), store_key(state.visit.store if state.visit is not None else "")


def _record(event: Event, item: str, kind: Interaction, whose: tuple[int, int]) -> bytes:
    return _pack(whose[0], item_key(item), max(event.at, 0), whose[1], kind, _NUMBERS[event.channel], 0)
