"""Slates on request: one read of the customer's state, a decision with the model in memory, a sentence per item.

Kafka is never waited for. While Redis is down or slow the answer is what everybody likes, and says so.
"""

import os
from dataclasses import dataclass, field

import msgspec
import structlog
from litestar.response.base import ASGIResponse

from gateway.answers import Recommendations, RecommendedItem
from gateway.attributed import token_of
from gateway.door import Sent
from gateway.errors import Refused
from gateway.intake import now
from gateway.keys import KeyRing, presented_key
from gateway.meters import Meters
from gateway.parameters import Parameters
from gateway.ports import Models
from gateway.profiles import Profiles, Whose
from gateway.responses import answer
from gateway.rights import Right
from gateway.sentences import why
from gateway.shadowing import Shadowing
from gateway.together import Together
from recommender.exploration import ExplorationPolicy, Explored, deepened, drawn
from recommender.merchandising import starving
from recommender.placed import Spot
from recommender.placements import HOME, RECIPES, listed
from recommender.recommend import Query
from retail.customers import EMPTY, CustomerState
from retail.household import UNREADABLE
from retail.reference import Reference
from retail.slates import Slate
from streams.state import StateUnavailable

MOST = 100
"""Items of one slate at most."""

DEFAULT = 10
"""Items of a slate where nobody says how many: what a page shows."""

LINES = 100
"""Items of a cart that may be named."""

STATE_UNAVAILABLE = "state_unavailable"
STATE_UNREADABLE = "state_unreadable"

log = structlog.get_logger()


@dataclass(frozen=True)
class Recommending:
    """attribution_key: seals the tokens of the answers."""

    keys: KeyRing
    profiles: Profiles
    models: Models
    reference: Reference
    together: Together
    meters: Meters
    exploration: ExplorationPolicy
    attribution_key: bytes
    shadowing: Shadowing
    starving: set[tuple[str, str]] = field(default_factory=set)
    """Rules and placements of which it was said that little is left."""

    async def reply(self, request: Sent) -> ASGIResponse:
        self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_RECOMMENDATIONS)
        given = Parameters(request.scope["query_string"])
        (asked, profile), store = given.whom(), given.text("store")
        placement, limit = _placement(given), given.number("limit", DEFAULT, MOST)
        spot = _spot(given)
        (customer, state), fallback = await self._whose(profile)
        query = Query(customer=customer, state=state, at=now(), placement=placement, store=store, limit=limit)
        serving = self.models.serving
        slate = await self.together.slate(deepened(query, self.exploration), spot, serving.of(customer))
        chosen = drawn(query, slate, self.exploration)
        self.shadowing.beside(query, spot, serving)
        fallback = fallback or chosen.slate.fallback
        if fallback:
            self.meters.fell_back(fallback)
        if self.reference.rules:
            self._mind(chosen.slate, limit)
        return answer(self._told(asked, chosen, store, fallback))

    def _mind(self, slate: Slate, limit: int) -> None:
        """Each starving slate is counted; of each rule at each placement it is said once."""
        rules = starving(slate, limit)
        if not rules:
            return
        self.meters.starved(slate.placement)
        new = {(rule, slate.placement) for rule in rules} - self.starving
        if new:
            self.starving.update(new)
            left = {"wanted": limit, "left": len(slate.items)}
            log.warning("merchandising rules leave few items", rules=rules, placement=slate.placement, **left)

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
        return CustomerState(household=UNREADABLE) if self.reference.telling else EMPTY

    def _told(self, asked: str, explored: Explored, store: str, fallback: str) -> Recommendations:
        items, slate, id_ = self.reference.items, explored.slate, os.urandom(16).hex()
        return Recommendations(
            id=id_,
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
                    due=chosen.due.at if chosen.due is not None else None,
                )
                for chosen in slate.items
            ],
            model=slate.model,
            version=slate.version,
            fallback=fallback,
            attribution=token_of(id_, explored, store, self.attribution_key),
        )


def _placement(given: Parameters) -> str:
    """Raises Refused (400) where there is no such placement, or it lacks what it cannot do without."""
    placement = given.text("placement") or HOME
    recipe = RECIPES.get(placement)
    if recipe is None:
        message = f"placement: none is called {placement[:40]!r}. There are {listed()}. Offers are at /v1/offers."
        raise Refused(400, "unknown_placement", message)
    if recipe.needs and not given.text(recipe.needs):
        raise Refused(400, "missing_parameter", f"{recipe.needs}: placement {placement} needs it, for {recipe.job}.")
    return placement


def _spot(given: Parameters) -> Spot:
    return Spot(given.text("item"), given.several("cart", LINES), given.text("category"), given.text("zone"))
