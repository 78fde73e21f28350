"""The shop as it stands now: items, stores, beacons, offers and merchandising rules, followed live from their topics.

Every process holds one `Reference`. Its keeper applies changes; everybody else only reads.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from retail.catalog import Item
from retail.merchandising import Rule
from retail.offers import Offer
from retail.stores import Place, Store, beacon_id

REMEMBERED_CHANGES = 1 << 18
"""Item ids kept, 2 MB of references: what follows the catalogue more often than so many changes need not begin anew,
which takes seconds with a million items."""


@dataclass(eq=False)
class Reference:
    """places: where each beacon stands, derived from `stores`.

    revision: grows with every change of the offers and of the items' categories, from which lookups are derived.
    telling: items that tell ingredients or allergens.
    item_changes: grows with every item put or removed. latest_items: ids of the latest of them, the newest last.
    rule_changes: grows with every merchandising rule put or removed.
    """

    items: dict[str, Item] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    revision: int = 0
    telling: int = field(default=0, init=False)
    item_changes: int = 0
    rule_changes: int = 0
    latest_items: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED_CHANGES))

    def __post_init__(self) -> None:
        for store in self.stores.values():
            self.places.update(_places(store))
        self.telling = sum(map(_tells, self.items.values()))

    def put_item(self, key: str, item: Item | None) -> None:
        """None removes it (a tombstone of the compacted topic); so for the others."""
        old = self.items.pop(key, None)
        if item is not None:
            self.items[key] = item
        self.telling += _tells(item) - _tells(old)
        self.item_changes += 1
        self.latest_items.append(key)
        if (old.category if old else "") != (item.category if item else ""):
            self.revision += 1

    def items_since(self, changes: int) -> list[str] | None:
        """Ids put or removed since `item_changes` stood at `changes`, the newest first; None where that is more than
        is remembered."""
        behind = self.item_changes - changes
        if behind > len(self.latest_items):
            return None
        return list(islice(reversed(self.latest_items), behind))

    def put_store(self, key: str, store: Store | None) -> None:
        old = self.stores.pop(key, None)
        for beacon in old.beacons if old else ():
            self.places.pop(beacon_id(beacon.id), None)
        if store is not None:
            self.stores[key] = store
            self.places.update(_places(store))

    def put_offer(self, key: str, offer: Offer | None) -> None:
        if offer is None:
            self.offers.pop(key, None)
        else:
            self.offers[key] = offer
        self.revision += 1

    def put_rule(self, key: str, rule: Rule | None) -> None:
        if rule is None:
            self.rules.pop(key, None)
        else:
            self.rules[key] = rule
        self.rule_changes += 1


def _tells(item: Item | None) -> bool:
    return item is not None and (item.ingredients is not None or bool(item.allergens))


def _places(store: Store) -> dict[str, Place]:
    return {beacon_id(beacon.id): Place(store.id, beacon.zone) for beacon in store.beacons}
