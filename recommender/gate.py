"""The contact gate: may this customer be contacted now? Asked when deciding, and again when sending.

Local time is that of the store where the customer is. Who is in none declared a time zone (trait `timezone` or
`time_zone`, an IANA name), or is taken to be where the store of their newest visit is; of anybody else no local time
is known, so their quiet hours could not be kept and they are not contacted.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recommender.filters import filters_of
from recommender.merchandising import OFFERS, steering
from recommender.offer_fitness import unfit_offer
from recommender.offer_index import index_of
from recommender.policy import GatePolicy
from retail.care import complains_since
from retail.consents import consented
from retail.customers import CustomerState
from retail.decisions import Push, Reason
from retail.events import DeliveryStatus
from retail.pushes import seen_pushes
from retail.reference import Reference
from retail.weekly import zone_of

ZONE_TRAITS = ("timezone", "time_zone")
"""Traits by which customers declare where they live; the first is the one that SDKs send."""


class Contact(NamedTuple):
    """A contact that is weighed. decision: its id; what is known of this very decision is not held against it.

    visit, store: "" where the customer is in none. at: milliseconds.
    """

    state: CustomerState
    decision: str
    visit: str
    store: str
    at: int


def gate(contact: Contact, policy: GatePolicy, reference: Reference) -> Reason | None:
    """The first reason against the contact, None if it may be made."""
    for reason, forbids in _RULES:
        if forbids(contact, policy, reference):
            return reason
    return None


def quiet_until(contact: Contact, policy: GatePolicy, reference: Reference) -> int:
    """When the quiet hours around the contact end, milliseconds. For a contact that quiet hours forbid."""
    local = datetime.fromtimestamp(contact.at / 1000, _local(contact, reference))
    end = local.replace(hour=policy.quiet_until.hour, minute=policy.quiet_until.minute, second=0, microsecond=0)
    if end <= local:
        end += timedelta(days=1)
    return max(int(end.timestamp() * 1000), contact.at + 1)


def regate(push: Push, state: CustomerState, reference: Reference, policy: GatePolicy, now: int) -> Reason | None:
    """The first reason against sending a push that was decided earlier. now: milliseconds.

    What the offer is about may have been recalled or excluded meanwhile, or the household have declared an allergen.
    """
    offer = reference.offers.get(push.offer)
    if offer is not None and not consented(state, offer.purpose):
        return Reason.NO_CONSENT
    reason = gate(Contact(state, push.id, push.visit, push.store, now), policy, reference)
    if reason is not None:
        return reason
    if now >= push.expires:
        return Reason.EXPIRED
    if offer is None or not offer.live or not offer.starts <= now < offer.ends:
        return Reason.NO_ELIGIBLE_OFFER
    filters = filters_of(state, reference.items, now, push.store)
    rules = steering(reference, OFFERS, push.store, now)
    unfit = unfit_offer(offer, filters, index_of(reference).by_category, rules)
    return Reason.NO_ELIGIBLE_OFFER if unfit else None


def _no_consent(contact: Contact, policy: GatePolicy, _: Reference) -> bool:
    return not consented(contact.state, policy.purpose)


def _unknown_store(contact: Contact, _: GatePolicy, reference: Reference) -> bool:
    """A store whose local time cannot be told counts as unknown: its quiet hours could not be kept."""
    return contact.store != "" and _local(contact, reference) is None


def _unknown_time_zone(contact: Contact, _: GatePolicy, reference: Reference) -> bool:
    return contact.store == "" and _local(contact, reference) is None


def _quiet_hours(contact: Contact, policy: GatePolicy, reference: Reference) -> bool:
    return _is_quiet(datetime.fromtimestamp(contact.at / 1000, _local(contact, reference)).time(), policy)


def _already_sent(contact: Contact, _: GatePolicy, __: Reference) -> bool:
    if contact.visit == "":
        return False
    return any(sent.visit == contact.visit and sent.decision != contact.decision for sent in seen_pushes(contact.state))


def _capped(contact: Contact, policy: GatePolicy, _: Reference) -> bool:
    since = contact.at - policy.cap_window_ms
    seen = sum(sent.at > since and sent.decision != contact.decision for sent in seen_pushes(contact.state))
    return seen >= policy.cap


def _dismissed(contact: Contact, policy: GatePolicy, _: Reference) -> bool:
    since = contact.at - policy.dismissed_ms
    return any(sent.status is DeliveryStatus.DISMISSED and sent.since > since for sent in contact.state.pushes)


def _just_bought(contact: Contact, policy: GatePolicy, _: Reference) -> bool:
    return contact.state.orders > 0 and contact.at - contact.state.bought_at < policy.just_bought_ms


def _open_complaint(contact: Contact, policy: GatePolicy, _: Reference) -> bool:
    since = complains_since(contact.state.care)
    return since > 0 and contact.at - since < policy.complaint_ms


_RULES: tuple[tuple[Reason, Callable[[Contact, GatePolicy, Reference], bool]], ...] = (
    (Reason.NO_CONSENT, _no_consent),
    (Reason.UNKNOWN_STORE, _unknown_store),
    (Reason.UNKNOWN_TIME_ZONE, _unknown_time_zone),
    (Reason.QUIET_HOURS, _quiet_hours),
    (Reason.ALREADY_SENT, _already_sent),
    (Reason.CAPPED, _capped),
    (Reason.DISMISSED, _dismissed),
    (Reason.JUST_BOUGHT, _just_bought),
    (Reason.OPEN_COMPLAINT, _open_complaint),
)
"""In this order: what may never be done, before what may not be done now."""


def _is_quiet(local: time, policy: GatePolicy) -> bool:
    start, end = policy.quiet_from, policy.quiet_until
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def _local(contact: Contact, reference: Reference) -> ZoneInfo | None:
    """The time zone of whoever is contacted, None where it cannot be told."""
    if contact.store:
        return _zone_of_store(contact.store, reference)
    for trait in ZONE_TRAITS:
        declared = zone_of(contact.state.traits.get(trait, ""))
        if declared is not None:
            return declared
    return _zone_of_store(contact.state.last_store, reference)


def _zone_of_store(store: str, reference: Reference) -> ZoneInfo | None:
    known = reference.stores.get(store)
    return zone_of(known.time_zone) if known is not None else None
