"""The grocer's stores: the real ones by number; their zones, beacons and time zones are invented but stable."""

from collections.abc import Mapping

import numpy as np

from caudal.demo.receipts import Receipts
from retail.catalog import Item
from retail.stores import Beacon, Store, Zone

WITH_BEACONS = 20
"""The busiest stores get zones and beacons: one basket in four is theirs."""

ZONES = 8
"""Zones of such a store: its best-selling departments."""

CATEGORIES = 60
"""Categories named per zone at most, the best-selling first."""

BEACON_UUID = "c0da1000-7e57-4ca0-8b0c-000000000001"
"""Invented. A beacon's major number is its store, its minor number its zone."""

TIME_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Denver",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "America/Puerto_Rico",
)
"""Round the United States, so that at any hour some store is open and another is asleep."""


def read_branches(receipts: Receipts, items: Mapping[int, Item]) -> list[Store]:
    """All stores that sold anything, the busiest first."""
    stores, baskets = np.unique(receipts.store, return_counts=True)
    busiest = stores[np.argsort(-baskets, kind="stable")].tolist()
    zones = _zones(receipts, items)
    return [_store(number, rank, zones) for rank, number in enumerate(busiest)]


def _store(number: int, rank: int, zones: tuple[Zone, ...]) -> Store:
    equipped = zones if rank < WITH_BEACONS else ()
    return Store(
        id=str(number),
        name=f"Store {number}",
        time_zone=TIME_ZONES[rank % len(TIME_ZONES)],
        country="US",
        zones=equipped,
        beacons=tuple(Beacon(beacon_id(number, place), zone.id) for place, zone in enumerate(equipped, start=1)),
    )


def beacon_id(store: int, place: int) -> str:
    return f"{BEACON_UUID}:{store}:{place}"


def _zones(receipts: Receipts, items: Mapping[int, Item]) -> tuple[Zone, ...]:
    """The best-selling departments of the chain, each with its best-selling categories."""
    products, lines = np.unique(receipts.items, return_counts=True)
    sales: dict[str, dict[str, int]] = {}
    for product, count in zip(products.tolist(), lines.tolist(), strict=True):
        item = items[product]
        department = sales.setdefault(item.department, {})
        department[item.category] = department.get(item.category, 0) + count
    best = sorted(sales, key=lambda name: (-sum(sales[name].values()), name))[:ZONES]
    return tuple(Zone(zone_id(name), name, _strongest(sales[name])) for name in best)


def _strongest(categories: Mapping[str, int]) -> tuple[str, ...]:
    named = sorted((name for name in categories if name), key=lambda name: (-categories[name], name))
    return tuple(named[:CATEGORIES])


def zone_id(department: str) -> str:
    """`Drug Gm` as `drug-gm`."""
    return "-".join("".join(c if c.isalnum() else " " for c in department.lower()).split())
