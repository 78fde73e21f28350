"""The names of what customers do, and how each becomes its typed event.

Names follow the Segment e-commerce spec, with the names of its first version beside them; upper and lower case are
alike. A name that is not here is a sign of life: `Tracked`.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from retail.errors import EventRefused
from retail.events import (
    BeaconSighted,
    ConsentUpdated,
    DeliveryReported,
    DeliveryStatus,
    Event,
    Line,
    OrderCompleted,
    ProductAdded,
    ProductRemoved,
    ProductsSearched,
    ProductViewed,
    StoreEntered,
    StoreExited,
    Tracked,
    ZoneEntered,
    ZoneExited,
)
from retail.identifiers import checked_id
from retail.policy import EventLimits
from retail.stores import beacon_id
from retail.wire import properties as shapes
from retail.wire.amounts import minor_units, signal_strength, units
from retail.wire.envelope import Common
from retail.wire.reading import read

_P = TypeVar("_P")
_Reader = Callable[[str, msgspec.Raw, Common, EventLimits], Event]


def event_of_track(name: str, raw: msgspec.Raw, common: Common, limits: EventLimits) -> Event:
    """raw: the properties as sent, possibly absent. Raises EventRefused: `wrong_type`, `missing_item`, `missing_store`,
    `missing_zone`, `missing_beacon`, `missing_order`, `malformed_id`, `too_many_lines`, `quantity_out_of_range`,
    `price_out_of_range`.
    """
    reader = _READERS.get(name) or _READERS.get(name.lower())
    if reader is None:
        return Tracked(**common, name=name[: limits.text])
    return reader(name, raw, common, limits)


def _reader(shape: type[_P], build: Callable[[str, _P, Common, EventLimits], Event]) -> _Reader:
    decoder = msgspec.json.Decoder(shape)
    empty = shape()

    def read_event(name: str, raw: msgspec.Raw, common: Common, limits: EventLimits) -> Event:
        given = bytes(raw)
        stated = read(decoder, given, "properties") if given and given != b"null" else empty
        return build(name, stated, common, limits)

    return read_event


def _viewed(_name: str, product: shapes.Product, common: Common, _limits: EventLimits) -> Event:
    return ProductViewed(**common, item=_item(product, "properties"))


def _added(_name: str, line: shapes.CartLine, common: Common, _limits: EventLimits) -> Event:
    quantity = units(line.quantity, "properties.quantity")
    return ProductAdded(**common, item=_item(line, "properties"), quantity=quantity)


def _removed(_name: str, line: shapes.CartLine, common: Common, _limits: EventLimits) -> Event:
    quantity = units(line.quantity, "properties.quantity")
    return ProductRemoved(**common, item=_item(line, "properties"), quantity=quantity)


def _searched(_name: str, search: shapes.Search, common: Common, limits: EventLimits) -> Event:
    return ProductsSearched(**common, query=(search.query or "")[: limits.text])


def _ordered(_name: str, order: shapes.Order, common: Common, limits: EventLimits) -> Event:
    if len(order.products) > limits.lines:
        raise EventRefused(
            "too_many_lines", f"the order has {len(order.products)} lines; at most {limits.lines} are taken: split it"
        )
    lines = tuple(_line(line, f"properties.products[{n}]", limits) for n, line in enumerate(order.products))
    store = order.store_id or order.store
    return OrderCompleted(
        **common,
        order=_id(order.order_id, "missing_order", "properties.order_id"),
        lines=lines,
        store=None if store is None else _id(store, "missing_store", "properties.store_id"),
    )


def _line(line: shapes.OrderLine, field: str, limits: EventLimits) -> Line:
    price = minor_units(line.price, f"{field}.price", limits)
    return Line(_item(line, field), units(line.quantity, f"{field}.quantity"), price)


def _store_entered(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return StoreEntered(**common, store=_store(place))


def _store_exited(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return StoreExited(**common, store=_store(place))


def _zone_entered(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return ZoneEntered(**common, store=_store(place), zone=_zone(place))


def _zone_exited(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return ZoneExited(**common, store=_store(place), zone=_zone(place))


def _sighted(_name: str, sighting: shapes.Sighting, common: Common, _limits: EventLimits) -> Event:
    beacon = sighting.beacon
    if not beacon and sighting.uuid and sighting.major is not None and sighting.minor is not None:
        beacon = f"{sighting.uuid}:{sighting.major}:{sighting.minor}"
    named = _id(beacon, "missing_beacon", "properties.beacon (or uuid, major and minor)")
    return BeaconSighted(**common, beacon=beacon_id(named), rssi=signal_strength(sighting.rssi))


def _consented(_name: str, _properties: shapes.Nothing, common: Common, _limits: EventLimits) -> Event:
    return ConsentUpdated(**common)


def _reported(status: DeliveryStatus) -> _Reader:
    def build(name: str, feedback: shapes.Feedback, common: Common, limits: EventLimits) -> Event:
        """Feedback on a message that is not ours is a sign of life."""
        if not feedback.decision_id:
            return Tracked(**common, name=name[: limits.text])
        decision = checked_id(feedback.decision_id, "properties.decision_id")
        offer = "" if feedback.offer_id in (None, "") else checked_id(str(feedback.offer_id), "properties.offer_id")
        return DeliveryReported(**common, decision=decision, offer=offer, status=status)

    return _reader(shapes.Feedback, build)


def _item(product: shapes.Product, field: str) -> str:
    for given in (product.product_id, product.sku, product.id):
        if given is not None and given != "":
            return checked_id(str(given), f"{field}.product_id")
    raise EventRefused("missing_item", f"{field} names no item: give product_id or sku")


def _store(place: shapes.Whereabouts) -> str:
    return _id(place.store_id if place.store_id is not None else place.store, "missing_store", "properties.store_id")


def _zone(place: shapes.Whereabouts) -> str:
    return _id(place.zone_id if place.zone_id is not None else place.zone, "missing_zone", "properties.zone_id")


def _id(given: shapes.Id, code: str, field: str) -> str:
    if given is None or given == "":
        raise EventRefused(code, f"{field} is missing")
    return checked_id(str(given), field)


_VIEWED = _reader(shapes.Product, _viewed)
_ADDED = _reader(shapes.CartLine, _added)
_REMOVED = _reader(shapes.CartLine, _removed)
_SEARCHED = _reader(shapes.Search, _searched)
_ORDERED = _reader(shapes.Order, _ordered)

_NAMED: dict[str, _Reader] = {
    "Product Viewed": _VIEWED,
    "Viewed Product": _VIEWED,
    "Product Added": _ADDED,
    "Added Product": _ADDED,
    "Product Removed": _REMOVED,
    "Removed Product": _REMOVED,
    "Products Searched": _SEARCHED,
    "Searched Products": _SEARCHED,
    "Order Completed": _ORDERED,
    "Completed Order": _ORDERED,
    "Store Entered": _reader(shapes.Whereabouts, _store_entered),
    "Store Exited": _reader(shapes.Whereabouts, _store_exited),
    "Zone Entered": _reader(shapes.Whereabouts, _zone_entered),
    "Zone Exited": _reader(shapes.Whereabouts, _zone_exited),
    "Beacon Sighted": _reader(shapes.Sighting, _sighted),
    "Segment Consent Preference Updated": _reader(shapes.Nothing, _consented),
    "Push Notification Tapped": _reported(DeliveryStatus.OPENED),
    "Push Notification Opened": _reported(DeliveryStatus.OPENED),
    "Push Notification Dismissed": _reported(DeliveryStatus.DISMISSED),
    "Coupon Redeemed": _reported(DeliveryStatus.REDEEMED),
    "Offer Redeemed": _reported(DeliveryStatus.REDEEMED),
}

_READERS = _NAMED | {name.lower(): reader for name, reader in _NAMED.items()}
