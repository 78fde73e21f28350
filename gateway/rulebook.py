"""The rules of merchandisers as they stand now, for their console."""

import asyncio
from dataclasses import dataclass

from litestar.response.base import ASGIResponse

from gateway.answers import Rules
from gateway.door import Asked
from gateway.intake import now
from gateway.keys import KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.ports import Models
from gateway.responses import answer
from gateway.rights import Right
from recommender.rule_listing import listed_rules
from retail.reference import Reference


@dataclass(frozen=True)
class Rulebook:
    keys: KeyRing
    models: Models
    reference: Reference

    async def reply(self, request: Asked) -> ASGIResponse:
        """Beside the loop: a large catalogue is looked through for what each rule concerns."""
        self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_MERCHANDISING)
        store, at = Parameters(request.scope["query_string"]).text("store"), now()
        model = self.models.serving.of("")
        found = await asyncio.to_thread(listed_rules, self.reference, model, store, at)
        return answer(Rules(store, at, found))
