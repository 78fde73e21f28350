"""The records of the compacted reference topics: items, stores, offers, merchandising rules, as any back end can write.

JSON, by id.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from retail.catalog import Item
from retail.merchandising import Rule
from retail.offers import Offer
from retail.reference import Reference
from retail.stores import Store
from streams.topics import CATALOG, MERCHANDISING, OFFERS, STORES
from streams.topics.records import Record

T = TypeVar("T", bound=Item | Store | Offer | Rule)

_encoder = msgspec.json.Encoder()


class UnreadableRecord(Exception):
    """A record of a reference topic that cannot be applied. code: stable, for counting."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Shelf(Generic[T]):
    """How one reference topic's records are read and where they go."""

    def __init__(self, kind: type[T], put: Callable[[Reference, str, T | None], None]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._put = put

    def apply(self, reference: Reference, key: bytes | None, value: bytes | None) -> None:
        """value: None is a tombstone and removes. Raises UnreadableRecord."""
        try:
            identity = (key or b"").decode()
            entry = None if value is None else self._decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise UnreadableRecord("malformed_value", str(fault)) from fault
        if not identity or (entry is not None and entry.id != identity):
            raise UnreadableRecord("wrong_key", f"the key is {key!r}, the id {entry.id if entry else None!r}")
        self._put(reference, identity, entry)


SHELVES: dict[str, Shelf[Item] | Shelf[Store] | Shelf[Offer] | Shelf[Rule]] = {
    CATALOG.name: Shelf(Item, Reference.put_item),
    STORES.name: Shelf(Store, Reference.put_store),
    OFFERS.name: Shelf(Offer, Reference.put_offer),
    MERCHANDISING.name: Shelf(Rule, Reference.put_rule),
}
"""By topic."""


def reference_records(
    items: Iterable[Item] = (),
    stores: Iterable[Store] = (),
    offers: Iterable[Offer] = (),
    rules: Iterable[Rule] = (),
) -> list[Record]:
    """What to publish to load a shop."""
    return [
        *(Record(CATALOG.name, item.id.encode(), _encoder.encode(item)) for item in items),
        *(Record(STORES.name, store.id.encode(), _encoder.encode(store)) for store in stores),
        *(Record(OFFERS.name, offer.id.encode(), _encoder.encode(offer)) for offer in offers),
        *(Record(MERCHANDISING.name, rule.id.encode(), _encoder.encode(rule)) for rule in rules),
    ]
