"""The work that every benchmark does: a seeded shop and what its customers do, from a generator, no data set needed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from retail.catalog import Item
from retail.events import (
    BeaconSighted,
    Channel,
    ConsentUpdated,
    Event,
    Line,
    OrderCompleted,
    ProductAdded,
    ProductViewed,
    StoreEntered,
    ZoneEntered,
)
from retail.offers import Benefit, BenefitKind, Offer
from retail.reference import Reference
from retail.stores import Beacon, Store, Zone

SHARES = {
    "viewed": 0.66,
    "added": 0.12,
    "bought": 0.08,
    "entered": 0.04,
    "zone": 0.04,
    "sighted": 0.04,
    "consent": 0.02,
}
"""What customers do: mostly looking; one event in eight is an occasion for a promotion."""


@dataclass(frozen=True)
class Shape:
    """How large the shop is. seed: same seed, same events. apart: milliseconds between two events."""

    customers: int = 20_000
    items: int = 5_000
    stores: int = 20
    zones: int = 12
    offers: int = 200
    seed: int = 7
    apart: int = 1


def shop(shape: Shape) -> Reference:
    """The catalogue, stores with a beacon per zone, and offers on a category each."""
    reference = Reference()
    for n in range(shape.items):
        item = Item(id=f"item-{n}", name=f"Item {n}", category=f"category-{n % shape.zones}", price=100 + n)
        reference.put_item(item.id, item)
    for n in range(shape.stores):
        reference.put_store(f"store-{n}", _store(n, shape.zones))
    for n in range(shape.offers):
        offer = Offer(
            id=f"offer-{n}",
            name=f"Offer {n}",
            title=f"{5 + n % 20} % off",
            body=f"Today on category {n % shape.zones}",
            benefit=Benefit(BenefitKind.PERCENT, 5 + n % 20),
            categories=frozenset({f"category-{n % shape.zones}"}),
            stores=frozenset({f"store-{n % shape.stores}"}),
        )
        reference.put_offer(offer.id, offer)
    return reference


def _store(n: int, zones: int) -> Store:
    return Store(
        id=f"store-{n}",
        name=f"Store {n}",
        time_zone="Europe/Madrid",
        zones=tuple(Zone(f"zone-{z}", f"Zone {z}", (f"category-{z}",)) for z in range(zones)),
        beacons=tuple(Beacon(f"f7826da6-4fa2-4e98-8024-bc5b71e0893e:{n}:{z}", f"zone-{z}") for z in range(zones)),
    )


def events(shape: Shape, count: int, until: int) -> Iterator[Event]:
    """`count` events in time order, the last at `until` (milliseconds). Popularity is skewed."""
    draw = random.Random(shape.seed)
    kinds = draw.choices(list(SHARES), weights=list(SHARES.values()), k=count)
    for n, kind in enumerate(kinds):
        yield _event(draw, shape, kind, n, until - (count - 1 - n) * shape.apart)


def _event(draw: random.Random, shape: Shape, kind: str, n: int, at: int) -> Event:
    customer = f"customer-{int(shape.customers * draw.random() ** 1.5)}"
    who: dict[str, Any] = {"id": f"message-{n}", "customer": customer, "at": at, "received": at}
    item = f"item-{int(shape.items * draw.random() ** 2)}"
    store, zone = draw.randrange(shape.stores), draw.randrange(shape.zones)
    match kind:
        case "viewed":
            return ProductViewed(**who, channel=Channel.WEB, item=item)
        case "added":
            return ProductAdded(**who, channel=Channel.WEB, item=item)
        case "bought":
            lines = tuple(Line(f"item-{int(shape.items * draw.random() ** 2)}", 1, 499) for _ in range(3))
            return OrderCompleted(**who, channel=Channel.STORE, order=f"order-{n}", lines=lines, store=f"store-{store}")
        case "entered":
            return StoreEntered(**who, channel=Channel.APP, store=f"store-{store}")
        case "zone":
            return ZoneEntered(**who, channel=Channel.APP, store=f"store-{store}", zone=f"zone-{zone}")
        case "sighted":
            beacon = f"f7826da6-4fa2-4e98-8024-bc5b71e0893e:{store}:{zone}"
            return BeaconSighted(**who, channel=Channel.APP, beacon=beacon, rssi=-60.0)
    return ConsentUpdated(**who, channel=Channel.APP, consents={"marketing_push": True})
