"""Whether an offer holds at a moment, whoever the customer is; and which offer is stronger."""

from typing import NamedTuple

from retail.offers import Offer, Trigger

ANYWHERE = None
"""A store or zone that does not matter."""

ANY_TRIGGER: frozenset[Trigger] = frozenset()


class Moment(NamedTuple):
    """What an occasion asks of an offer. triggers: those that hold now, empty where it does not matter.

    store, zone: None where it does not matter; zone "" for a store's entrance. at: milliseconds.
    """

    triggers: frozenset[Trigger]
    store: str | None
    zone: str | None
    at: int


def rank(offer: Offer) -> tuple[int, str]:
    """Sorts the strongest first: by priority, then by id."""
    return -offer.priority, offer.id


def excluded_by(offer: Offer, moment: Moment) -> str:
    """The first rule by which the offer does not hold at the moment, "" if it holds."""
    if not offer.live:
        return "not_live"
    if not offer.starts <= moment.at < offer.ends:
        return "not_started" if moment.at < offer.starts else "ended"
    if moment.triggers and offer.triggers.isdisjoint(moment.triggers):
        return "other_trigger"
    if moment.store is not ANYWHERE and offer.stores and moment.store not in offer.stores:
        return "other_store"
    if moment.zone is not ANYWHERE and offer.zones and moment.zone not in offer.zones:
        return "other_zone"
    return ""
