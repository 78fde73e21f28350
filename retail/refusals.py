"""Why an event that can be read is not applied: it names what the shop does not have.

A part of the reference that is empty has not been loaded; it knows nothing, so it refuses nothing.
"""

from retail.events import (
    BeaconSighted,
    LoyaltyCardScanned,
    ProductAdded,
    ProductDismissed,
    ProductRemoved,
    ProductViewed,
    StoreEntered,
    StoreExited,
    ZoneEntered,
    ZoneExited,
)
from retail.reference import Reference

UNKNOWN_ITEM = "unknown_item"
UNKNOWN_STORE = "unknown_store"
UNKNOWN_ZONE = "unknown_zone"
UNKNOWN_BEACON = "unknown_beacon"
EARLY_TIMER = "early_timer"
ID_CONFLICT = "id_conflict"
"""The id of a message that said something else: senders must not use an id twice."""


def unknown_item(event: ProductViewed | ProductAdded | ProductRemoved | ProductDismissed, reference: Reference) -> str:
    return UNKNOWN_ITEM if reference.items and event.item not in reference.items else ""


def unknown_store(event: StoreEntered | StoreExited | LoyaltyCardScanned, reference: Reference) -> str:
    return UNKNOWN_STORE if reference.stores and event.store not in reference.stores else ""


def unknown_zone(event: ZoneEntered | ZoneExited, reference: Reference) -> str:
    if not reference.stores:
        return ""
    store = reference.stores.get(event.store)
    if store is None:
        return UNKNOWN_STORE
    return UNKNOWN_ZONE if store.zones and all(zone.id != event.zone for zone in store.zones) else ""


def unknown_beacon(event: BeaconSighted, reference: Reference) -> str:
    """Without a place a sighting says nothing, so a beacon is unknown as long as no store is loaded."""
    return "" if event.beacon in reference.places else UNKNOWN_BEACON
