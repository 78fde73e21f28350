"""The names of what customers do, and how each becomes its typed event.

Names follow the Segment e-commerce spec; `retail.wire.names` knows what else senders call them. A name that is not
here is a sign of life: `Tracked`.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from retail.attribution import Shown, unseal
from retail.errors import EventRefused
from retail.events import (
    BeaconSighted,
    ConsentUpdated,
    DeliveryReported,
    DeliveryStatus,
    Event,
    Line,
    OfferRedeemed,
    OrderCompleted,
    ProductAdded,
    ProductClicked,
    ProductDismissed,
    ProductListViewed,
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
from retail.wire import aftercare
from retail.wire import properties as shapes
from retail.wire.amounts import minor_units, signal_strength, units
from retail.wire.envelope import Common
from retail.wire.names import spec_name
from retail.wire.naming import item_named, named, store_named, zone_named
from retail.wire.reading import read

_Reader = Callable[[str, msgspec.Raw, Common, EventLimits], Event]


def event_of_track(name: str, raw: msgspec.Raw, common: Common, limits: EventLimits) -> Event:
    """raw: the properties as sent, possibly absent. Raises EventRefused: `wrong_type`, `missing_item`, `missing_store`,
    `missing_zone`, `missing_beacon`, `missing_order`, `malformed_id`, `too_many_lines`, `quantity_out_of_range`,
    `price_out_of_range`, `malformed_attribution`, `forged_attribution`, or what `retail.wire.aftercare` refuses.
    """
    reader = _READERS.get(name)
    if reader is None:
        name = spec_name(name)
        reader = _READERS.get(name)
    if reader is None:
        return Tracked(**common, name=name[: limits.text])
    return reader(name, raw, common, limits)


class _Kind(NamedTuple):
    """shape: of the properties. build: makes the event of them."""

    shape: type[msgspec.Struct]
    build: Callable[..., Event]


def _reader(kind: _Kind) -> _Reader:
    decoder = msgspec.json.Decoder(kind.shape)
    empty = kind.shape()
    build = kind.build

    def read_event(name: str, raw: msgspec.Raw, common: Common, limits: EventLimits) -> Event:
        given = bytes(raw)
        stated = read(decoder, given, "properties") if given and given != b"null" else empty
        return build(name, stated, common, limits)

    return read_event


def _listed(name: str, listing: shapes.Listing, common: Common, limits: EventLimits) -> Event:
    """A list that is no answer of ours is a sign of life. Items beyond `lines` are more than an answer has."""
    if not listing.attribution:
        return Tracked(**common, name=name[: limits.text])
    shown = unseal(listing.attribution, limits.attribution_key)
    products = enumerate(listing.products[: limits.lines])
    items = tuple(item_named(product, f"properties.products[{n}]") for n, product in products)
    return ProductListViewed(**common, shown=shown, items=items)


def _clicked(name: str, product: shapes.ShownProduct, common: Common, limits: EventLimits) -> Event:
    if not product.attribution:
        return Tracked(**common, name=name[: limits.text])
    shown = unseal(product.attribution, limits.attribution_key)
    return ProductClicked(**common, item=item_named(product, "properties"), shown=shown)


def _shown(token: str | None, limits: EventLimits) -> Shown | None:
    """A view, a cart or a sale is one also with a token that is none: that counts as not given."""
    if not token:
        return None
    try:
        return unseal(token, limits.attribution_key)
    except EventRefused:
        return None


def _viewed(_name: str, product: shapes.ShownProduct, common: Common, limits: EventLimits) -> Event:
    shown = _shown(product.attribution, limits)
    return ProductViewed(**common, item=item_named(product, "properties"), shown=shown)


def _added(_name: str, line: shapes.AddedLine, common: Common, limits: EventLimits) -> Event:
    quantity = units(line.quantity, "properties.quantity")
    shown = _shown(line.attribution, limits)
    return ProductAdded(**common, item=item_named(line, "properties"), quantity=quantity, shown=shown)


def _removed(_name: str, line: shapes.CartLine, common: Common, _limits: EventLimits) -> Event:
    quantity = units(line.quantity, "properties.quantity")
    return ProductRemoved(**common, item=item_named(line, "properties"), quantity=quantity)


def _dismissed(_name: str, product: shapes.Product, common: Common, _limits: EventLimits) -> Event:
    return ProductDismissed(**common, item=item_named(product, "properties"))


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
        order=named(order.order_id, "missing_order", "properties.order_id"),
        lines=lines,
        store=None if store is None else named(store, "missing_store", "properties.store_id"),
        shown=_shown(order.attribution, limits),
    )


def _line(line: shapes.OrderLine, field: str, limits: EventLimits) -> Line:
    price = minor_units(line.price, f"{field}.price", limits)
    return Line(item_named(line, field), units(line.quantity, f"{field}.quantity"), price)


def _store_entered(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return StoreEntered(**common, store=store_named(place))


def _store_exited(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return StoreExited(**common, store=store_named(place))


def _zone_entered(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return ZoneEntered(**common, store=store_named(place), zone=zone_named(place))


def _zone_exited(_name: str, place: shapes.Whereabouts, common: Common, _limits: EventLimits) -> Event:
    return ZoneExited(**common, store=store_named(place), zone=zone_named(place))


def _sighted(_name: str, sighting: shapes.Sighting, common: Common, _limits: EventLimits) -> Event:
    beacon = sighting.beacon
    if not beacon and sighting.uuid and sighting.major is not None and sighting.minor is not None:
        beacon = f"{sighting.uuid}:{sighting.major}:{sighting.minor}"
    if not beacon and sighting.namespace and sighting.instance:
        beacon = f"eddy:{sighting.namespace}:{sighting.instance}"
    id_ = named(beacon, "missing_beacon", "properties.beacon (or uuid, major and minor)")
    return BeaconSighted(**common, beacon=beacon_id(id_), rssi=signal_strength(sighting.rssi))


def _consented(_name: str, _properties: shapes.Nothing, common: Common, _limits: EventLimits) -> Event:
    return ConsentUpdated(**common)


def _reported(status: DeliveryStatus) -> Callable[..., Event]:
    def build(name: str, feedback: shapes.Feedback, common: Common, limits: EventLimits) -> Event:
        """Feedback on a message that is not ours is a sign of life."""
        if not feedback.decision_id:
            return Tracked(**common, name=name[: limits.text])
        decision = checked_id(feedback.decision_id, "properties.decision_id")
        offer = "" if feedback.offer_id in (None, "") else checked_id(str(feedback.offer_id), "properties.offer_id")
        return DeliveryReported(**common, decision=decision, offer=offer, status=status)

    return build


def _redeemed(name: str, told: shapes.Redemption, common: Common, limits: EventLimits) -> Event:
    """Of a push it is what became of that; of nothing of ours a sign of life."""
    if told.decision_id or told.offer_id in (None, ""):
        return _reported(DeliveryStatus.REDEEMED)(name, told, common, limits)
    offer = checked_id(str(told.offer_id), "properties.offer_id")
    return OfferRedeemed(**common, offer=offer, shown=_shown(told.attribution, limits))


def _promoted(name: str, told: shapes.Promotion, common: Common, limits: EventLimits) -> Event:
    """An offer of an answer came on the screen, or was clicked; another promotion is a sign of life."""
    if not told.attribution:
        return Tracked(**common, name=name[: limits.text])
    shown = unseal(told.attribution, limits.attribution_key)
    offer = checked_id("" if told.promotion_id is None else str(told.promotion_id), "properties.promotion_id")
    if name == "Promotion Viewed":
        return ProductListViewed(**common, shown=shown, items=(offer,))
    return ProductClicked(**common, item=offer, shown=shown)


_KINDS: dict[str, _Kind] = {
    "Product List Viewed": _Kind(shapes.Listing, _listed),
    "Product Clicked": _Kind(shapes.ShownProduct, _clicked),
    "Product Viewed": _Kind(shapes.ShownProduct, _viewed),
    "Product Added": _Kind(shapes.AddedLine, _added),
    "Wishlist Product Added to Cart": _Kind(shapes.AddedLine, _added),
    "Product Removed": _Kind(shapes.CartLine, _removed),
    "Product Dismissed": _Kind(shapes.Product, _dismissed),
    "Products Searched": _Kind(shapes.Search, _searched),
    "Order Completed": _Kind(shapes.Order, _ordered),
    "Store Entered": _Kind(shapes.Whereabouts, _store_entered),
    "Store Exited": _Kind(shapes.Whereabouts, _store_exited),
    "Zone Entered": _Kind(shapes.Whereabouts, _zone_entered),
    "Zone Exited": _Kind(shapes.Whereabouts, _zone_exited),
    "Beacon Sighted": _Kind(shapes.Sighting, _sighted),
    "Loyalty Card Scanned": _Kind(shapes.Whereabouts, aftercare.scanned),
    "Support Contacted": _Kind(shapes.Case, aftercare.contacted),
    "Complaint Filed": _Kind(shapes.Case, aftercare.complained),
    "Complaint Resolved": _Kind(shapes.Case, aftercare.resolved),
    "Survey Answered": _Kind(shapes.Survey, aftercare.surveyed),
    "Social Mention Heard": _Kind(shapes.Mention, aftercare.mentioned),
    "Order Shipped": _Kind(shapes.Parcel, aftercare.shipped),
    "Order Delivered": _Kind(shapes.Parcel, aftercare.delivered),
    "Product Returned": _Kind(shapes.Return, aftercare.returned),
    "Segment Consent Preference Updated": _Kind(shapes.Nothing, _consented),
    "Push Notification Tapped": _Kind(shapes.Feedback, _reported(DeliveryStatus.OPENED)),
    "Push Notification Opened": _Kind(shapes.Feedback, _reported(DeliveryStatus.OPENED)),
    "Push Notification Dismissed": _Kind(shapes.Feedback, _reported(DeliveryStatus.DISMISSED)),
    "Coupon Redeemed": _Kind(shapes.Redemption, _redeemed),
    "Offer Redeemed": _Kind(shapes.Redemption, _redeemed),
    "Promotion Viewed": _Kind(shapes.Promotion, _promoted),
    "Promotion Clicked": _Kind(shapes.Promotion, _promoted),
}

_READERS: dict[str, _Reader] = {
    **{name: _reader(kind) for name, kind in _KINDS.items()},
    "Customer Record Updated": aftercare.recorded,
}

PROPERTIES: Mapping[str, type[msgspec.Struct]] = {
    **{name: kind.shape for name, kind in _KINDS.items()},
    "Customer Record Updated": shapes.Record,
}
"""What is read of the properties of each event that has an effect, for the documentation."""
