"""The sentence that tells a customer why this push came now."""

from recommender.affinity import Evidence
from recommender.policy import GatePolicy
from retail.decisions import Occasion
from retail.offers import Offer
from retail.reference import Reference


def why(offer: Offer, evidence: Evidence | None, occasion: Occasion, reference: Reference, policy: GatePolicy) -> str:
    """One sentence: what of the customer led to the offer, if anything did, and where the customer is, or the cart."""
    where = _where(occasion, reference)
    cause = _cause(offer, evidence, reference, policy)
    return f"Because {cause} and {where}." if cause else f"Because {where}."


def _cause(offer: Offer, evidence: Evidence | None, reference: Reference, policy: GatePolicy) -> str:
    if evidence is None:
        return "this offer was chosen for you" if offer.customers else ""
    name = _name(offer, evidence.item, reference)
    if not evidence.bought:
        return f"you looked at {name}"
    return f"you often buy {name}" if evidence.strength >= policy.often else f"you have bought {name}"


def _name(offer: Offer, item_id: str, reference: Reference) -> str:
    """The item where the offer names it, else the category through which the offer is about it."""
    item = reference.items.get(item_id)
    if item is None:
        return item_id
    text = (item.name or item.category or item.id) if item_id in offer.items else item.category
    return text.capitalize() if text.isupper() else text


def _where(occasion: Occasion, reference: Reference) -> str:
    if not occasion.store:
        return "there is something left in your cart"
    store = reference.stores[occasion.store]
    zones = {zone.id: zone.name for zone in store.zones}
    if occasion.zone:
        return f"you are in {zones.get(occasion.zone, occasion.zone)}"
    return f"you are at {store.name}"
