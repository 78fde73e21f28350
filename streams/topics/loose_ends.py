"""What a shop's files say in vain: offers and rules about what the shop does not have, fields that nobody reads.

None of it is wrong enough to refuse the files: a folder may hold a part of the shop only, and files may be made for
other readers, too. But an offer for the store `madird` is shown to nobody, and somebody should say so.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from retail.catalog import Item
from retail.merchandising import Rule
from retail.offers import Offer
from retail.stores import Store


class Loaded(Protocol):
    """A shop as it was read."""

    @property
    def items(self) -> list[Item]: ...
    @property
    def stores(self) -> list[Store]: ...
    @property
    def offers(self) -> list[Offer]: ...
    @property
    def rules(self) -> list[Rule]: ...


def loose_ends(shop: Loaded) -> Iterator[str]:
    """A sentence each. What the folder does not hold at all, it cannot lack. Departments are categories to zones and
    rules, but not to offers."""
    items = {item.id for item in shop.items}
    categories = {item.category for item in shop.items}
    shelves = categories | {item.department for item in shop.items}
    stores, zones = {store.id for store in shop.stores}, {zone.id for store in shop.stores for zone in store.zones}
    for offer in shop.offers:
        yield from _absent(f"offer {offer.id!r}", "item", offer.items, items)
        yield from _absent(f"offer {offer.id!r}", "category", offer.categories, categories)
        yield from _absent(f"offer {offer.id!r}", "store", offer.stores, stores)
        yield from _absent(f"offer {offer.id!r}", "zone", offer.zones, zones)
    for rule in shop.rules:
        yield from _absent(f"rule {rule.id!r}", "item", rule.items, items)
        yield from _absent(f"rule {rule.id!r}", "category", rule.categories, shelves)
        yield from _absent(f"rule {rule.id!r}", "store", rule.stores, stores)
    for store in shop.stores:
        for zone in store.zones:
            yield from _absent(f"zone {zone.id!r} of {store.id!r}", "category", zone.categories, shelves)


def _absent(who: str, kind: str, named: Iterable[str], known: Collection[str]) -> Iterator[str]:
    if known:
        yield from (
            f"{who} names the {kind} {name!r}, which the files lack" for name in sorted(set(named) - set(known))
        )


def ignored(kind: str, fields: Counter[str]) -> Iterator[str]:
    """fields: those of a file's entries that nobody reads, and how many entries have each."""
    for name, count in sorted(fields.items()):
        yield f"the field {name!r} of {count:,} {kind} is not known here and was left out"
