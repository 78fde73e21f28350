"""The promotion decision: at an occasion, the best eligible offer as a push, or withheld with a reason."""

import msgspec

from recommender.policy import GatePolicy
from retail.customers import CustomerState
from retail.decisions import Decision, Occasion
from retail.reference import Reference


class PromotionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whom, at which occasion, in which state (after the event that gave rise to the occasion)."""

    customer: str
    state: CustomerState
    occasion: Occasion


def promote(query: PromotionQuery, reference: Reference, policy: GatePolicy) -> Decision:
    """Pure. The gate first (consent, quiet hours, once per visit, cap, dismissed, just bought), then the best
    of the offers that are live, in their time, for this trigger, store, zone and customer."""
    raise NotImplementedError
