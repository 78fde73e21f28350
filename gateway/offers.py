"""Offers on request: those the customer may have now, ranked, by the same rules as pushes.

Unlike a slate there is no fallback: without the state nobody's consent is known, so nothing may be offered.
"""

import os
from dataclasses import dataclass
from itertools import islice

import msgspec
from litestar.response.base import ASGIResponse

from gateway.answers import OfferedOffer, Offers
from gateway.attributed import token_of_offers
from gateway.door import Sent
from gateway.errors import unavailable
from gateway.intake import now
from gateway.keys import KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.profiles import Profiles, Whose
from gateway.responses import answer
from gateway.rights import Right
from recommender.filters import Filters, filters_of
from recommender.policy import GatePolicy
from recommender.promote import OfferQuery, eligible
from retail.consents import consented
from retail.customers import CustomerState
from retail.decisions import Reason
from retail.offers import Offer
from retail.reference import Reference
from streams.state import StateUnavailable

MOST = 100
"""Offers of one answer at most."""

DEFAULT = 20

SHOWN_ITEMS = 20
"""Items named per offer; an offer may be about hundreds."""


@dataclass(frozen=True)
class Offering:
    """attribution_key: seals the tokens of the answers."""

    keys: KeyRing
    profiles: Profiles
    reference: Reference
    policy: GatePolicy
    attribution_key: bytes

    async def reply(self, request: Sent) -> ASGIResponse:
        self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_OFFERS)
        given = Parameters(request.scope["query_string"])
        (asked, profile), store, limit = given.whom(), given.text("store"), given.number("limit", DEFAULT, MOST)
        customer, state = await self._whose(profile)
        query = OfferQuery(customer=customer, state=state, at=now(), store=store or None)
        offers = eligible(query, self.reference, self.policy)
        filters = filters_of(state, self.reference.items, query.at, store)
        reason = "" if offers else self._why_none(state, store)
        told, id_ = [shown(offer, filters) for offer in offers[:limit]], os.urandom(16).hex()
        token = token_of_offers(id_, [one.offer for one in told], store, query.at, self.attribution_key)
        return answer(Offers(asked, store, told, reason, id_, token))

    def _why_none(self, state: CustomerState, store: str) -> Reason:
        if not consented(state, self.policy.purpose):
            return Reason.NO_CONSENT
        if store and store not in self.reference.stores:
            return Reason.UNKNOWN_STORE
        return Reason.NO_ELIGIBLE_OFFER

    async def _whose(self, profile: str) -> Whose:
        """Raises Refused (503)."""
        try:
            return await self.profiles.whose(profile)
        except (StateUnavailable, msgspec.DecodeError) as fault:
            raise unavailable("state_unavailable", "Consent cannot be read now; ask again in a moment.") from fault


def shown(offer: Offer, filters: Filters) -> OfferedOffer:
    """With those of its items that the customer may have."""
    fit = (item for item in sorted(offer.items) if not (filters.forbidden(item) or filters.missing(item)))
    return OfferedOffer(
        offer=offer.id,
        name=offer.name,
        title=offer.title,
        body=offer.body,
        benefit=offer.benefit,
        ends=offer.ends,
        items=list(islice(fit, SHOWN_ITEMS)),
    )
