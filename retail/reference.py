"""The shop as it stands now: items, stores, beacons and offers, followed live from their topics.

Every process holds one `Reference`. Its keeper applies changes; everybody else only reads.
"""

from dataclasses import dataclass, field

from retail.catalog import Item
from retail.offers import Offer
from retail.stores import Place, Store


@dataclass
class Reference:
    """places: where each beacon stands, derived from `stores`."""

    items: dict[str, Item] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def put_item(self, key: str, item: Item | None) -> None:
        """None removes it (a tombstone of the compacted topic); so for the others."""
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item

    def put_store(self, key: str, store: Store | None) -> None:
        old = self.stores.pop(key, None)
        for beacon in old.beacons if old else ():
            self.places.pop(beacon.id, None)
        if store is not None:
            self.stores[key] = store
            self.places.update({b.id: Place(store.id, b.zone) for b in store.beacons})

    def put_offer(self, key: str, offer: Offer | None) -> None:
        if offer is None:
            self.offers.pop(key, None)
        else:
            self.offers[key] = offer
