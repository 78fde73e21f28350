"""Visits: one stay in one store, from the first sign of presence to the exit, another store, or silence.

What is late (see `is_late`) tells of the past: it never opens, moves or closes a visit.
"""

from retail.changes import Changes, Surroundings
from retail.customers import CustomerState, Visit
from retail.decisions import Occasion
from retail.events import (
    BeaconSighted,
    LoyaltyCardScanned,
    OrderCompleted,
    StoreEntered,
    StoreExited,
    ZoneEntered,
    ZoneExited,
)
from retail.happening import BaseEvent
from retail.offers import Trigger
from retail.policy import JourneyPolicy
from retail.stores import Place


def sighted(state: CustomerState, event: BeaconSighted, around: Surroundings) -> Changes:
    place = around.reference.places.get(event.beacon)
    return _walk(state, event, place, around.policy) if place else {}


def card_scanned(state: CustomerState, event: LoyaltyCardScanned, around: Surroundings) -> Changes:
    return _walk(state, event, Place(event.store, ""), around.policy)


def store_entered(state: CustomerState, event: StoreEntered, around: Surroundings) -> Changes:
    return _walk(state, event, Place(event.store, ""), around.policy)


def zone_entered(state: CustomerState, event: ZoneEntered, around: Surroundings) -> Changes:
    return _walk(state, event, Place(event.store, event.zone), around.policy)


def store_exited(state: CustomerState, event: StoreExited, around: Surroundings) -> Changes:
    if is_late(state, event, around.policy):
        return {}
    visit = _open_visit(state, event, around.policy)
    if visit is not None and visit.store != event.store:
        return {}
    return {"visit": None, "left_at": event.at}


def zone_exited(state: CustomerState, event: ZoneExited, around: Surroundings) -> Changes:
    """A zone left is a sign of presence, but opens no visit."""
    visit = _open_visit(state, event, around.policy)
    if visit is None or visit.store != event.store or is_late(state, event, around.policy):
        return {}
    zone = "" if visit.zone == event.zone else visit.zone
    return {"visit": Visit(visit.id, visit.store, zone, visit.started, event.at)}


def at_till(state: CustomerState, event: OrderCompleted, policy: JourneyPolicy) -> Changes:
    """Who pays is still there; but a purchase opens no visit."""
    visit = _open_visit(state, event, policy)
    if visit is None or visit.store != event.store or is_late(state, event, policy):
        return {}
    return {"visit": Visit(visit.id, visit.store, visit.zone, visit.started, event.at)}


def is_late(state: CustomerState, event: BaseEvent, policy: JourneyPolicy) -> bool:
    """Whether the event tells of the past: long under way, or older than what is known of the customer's stays."""
    if event.received - event.at > policy.late_ms:
        return True
    return event.at < (state.visit.last if state.visit else state.left_at)


def silence(state: CustomerState, at: int, policy: JourneyPolicy) -> Changes:
    """The visit ends by itself once nothing was heard for too long."""
    visit = state.visit
    if visit is None or at - visit.last <= policy.visit_gap_ms:
        return {}
    return {"visit": None, "left_at": visit.last}


def occasion_between(before: Visit | None, after: Visit | None, at: int) -> Occasion | None:
    """What a step from one stay to another gives rise to: a store or a zone was entered.

    Who walks into a store straight through a zone has entered both; the zone, which says more, is the occasion.
    """
    if after is None:
        return None
    same_visit = before is not None and before.id == after.id
    if same_visit and before is not None and (after.zone in ("", before.zone)):
        return None
    if not after.zone:
        return _occasion(after.id, Trigger.STORE_ENTERED, after, at)
    return _occasion(f"{after.id}/{after.zone}", Trigger.ZONE_ENTERED, after, at)


def _occasion(id_: str, trigger: Trigger, visit: Visit, at: int) -> Occasion:
    return Occasion(id=id_, trigger=trigger, visit=visit.id, store=visit.store, zone=visit.zone, at=at)


def _walk(state: CustomerState, event: BaseEvent, place: Place, policy: JourneyPolicy) -> Changes:
    if is_late(state, event, policy):
        return {}
    visit, at = _open_visit(state, event, policy), event.at
    if visit is None or visit.store != place.store:
        return _begun(state, place, at)
    return {"visit": Visit(visit.id, visit.store, place.zone or visit.zone, visit.started, at)}


def _begun(state: CustomerState, place: Place, at: int) -> Changes:
    """The visit before it, if it did not end yet, ended with its last sign of presence."""
    visit = Visit(f"{place.store}:{at}", place.store, place.zone, at, at)
    left_at = state.visit.last if state.visit is not None else state.left_at
    return {"visit": visit, "left_at": left_at, "last_store": place.store}


def _open_visit(state: CustomerState, event: BaseEvent, policy: JourneyPolicy) -> Visit | None:
    visit = state.visit
    if visit is None or event.at - visit.last > policy.visit_gap_ms:
        return None
    return visit
