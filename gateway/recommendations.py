"""Slates on request: one read of the customer's state, a decision with the model in memory, a sentence per item.

Kafka is never waited for. While Redis is down or slow the answer is what everybody likes, and says so.
"""

import os
from dataclasses import dataclass

import msgspec
import structlog
from litestar.response.base import ASGIResponse

from gateway.answers import Recommendations, RecommendedItem
from gateway.door import Asked
from gateway.intake import now
from gateway.keys import KeyRing, presented_key
from gateway.meters import Meters
from gateway.parameters import Parameters
from gateway.ports import Models
from gateway.profiles import Profiles, Whose
from gateway.responses import answer
from gateway.rights import Right
from gateway.sentences import why
from recommender.recommend import Query, recommend
from retail.customers import EMPTY, CustomerState
from retail.household import UNREADABLE
from retail.reference import Reference
from retail.slates import Slate
from streams.state import StateUnavailable

MOST = 100
"""Items of one slate at most."""

DEFAULT = 10
"""Items of a slate where nobody says how many: what a page shows."""

STATE_UNAVAILABLE = "state_unavailable"
STATE_UNREADABLE = "state_unreadable"

log = structlog.get_logger()


@dataclass(frozen=True)
class Recommending:
    keys: KeyRing
    profiles: Profiles
    models: Models
    reference: Reference
    meters: Meters

    async def reply(self, request: Asked) -> ASGIResponse:
        self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_RECOMMENDATIONS)
        given = Parameters(request.scope["query_string"])
        customer, store = given.profile(), given.text("store")
        placement, limit = given.text("placement", "home"), given.number("limit", DEFAULT, MOST)
        (customer, state), fallback = await self._whose(customer)
        query = Query(customer=customer, state=state, at=now(), placement=placement, store=store, limit=limit)
        slate = recommend(query, self.models.current, self.reference)
        fallback = fallback or slate.fallback
        if fallback:
            self.meters.fell_back(fallback)
        return answer(self._told(given.customer(), slate, store, fallback))

    async def _whose(self, profile: str) -> tuple[Whose, str]:
        """The customer and their state, or one that says nothing of them, and the reason."""
        try:
            return await self.profiles.whose(profile), ""
        except StateUnavailable:
            return Whose(profile, self._unknown()), STATE_UNAVAILABLE
        except msgspec.DecodeError as fault:
            log.error("a customer's state cannot be read", kind=type(fault).__name__)
            return Whose(profile, self._unknown()), STATE_UNREADABLE

    def _unknown(self) -> CustomerState:
        """Of somebody whose household cannot be known now. A shop that tells no ingredients lets everybody see all."""
        told = any(item.ingredients is not None or item.allergens for item in self.reference.items.values())
        return CustomerState(household=UNREADABLE) if told else EMPTY

    def _told(self, asked: str, slate: Slate, store: str, fallback: str) -> Recommendations:
        items = self.reference.items
        return Recommendations(
            id=os.urandom(16).hex(),
            customer=asked,
            placement=slate.placement,
            items=[
                RecommendedItem(
                    item=chosen.item,
                    name=found.name if (found := items.get(chosen.item)) else "",
                    score=chosen.score,
                    source=chosen.source,
                    because=chosen.because,
                    why=why(chosen, self.reference, store),
                )
                for chosen in slate.items
            ],
            model=slate.model,
            version=slate.version,
            fallback=fallback,
        )
