"""Home slates that are asked for at the same moment are decided in one call: alone, each costs twice as much.

Nobody waits for others to come: only those whose states have been read by the same turn of the event loop go together.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from recommender.introduced import home_slates
from recommender.model import Model
from recommender.placed import Spot, is_plain, slate_for
from recommender.recommend import Query, wanted
from retail.reference import Reference
from retail.slates import Slate

MOST = 16
"""Slates of one call at most, some 2 ms: others are to be served in between."""


@dataclass(frozen=True, eq=False, slots=True)
class Waiting:
    """model: the one that served when it was asked."""

    query: Query
    model: Model
    slate: asyncio.Future[Slate]


@dataclass(eq=False)
class Together:
    """Of one event loop."""

    reference: Reference
    _waiting: list[Waiting] = field(default_factory=list)

    async def slate(self, query: Query, spot: Spot, model: Model) -> Slate:
        """As `slate_for`."""
        if not is_plain(query, self.reference):
            return slate_for(query, spot, model, self.reference)
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._decide)
        waiting = Waiting(query, model, loop.create_future())
        self._waiting.append(waiting)
        return await waiting.slate

    def _decide(self) -> None:
        """Limits are not mixed, since how deep is ranked follows from the largest of a call."""
        waiting, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._decide)
        groups: defaultdict[tuple[Model, int], list[Waiting]] = defaultdict(list)
        for one in waiting:
            groups[one.model, wanted(one.query)].append(one)
        for (model, _), group in groups.items():
            self._answer(group, model)

    def _answer(self, group: list[Waiting], model: Model) -> None:
        try:
            slates = home_slates([one.query for one in group], model, self.reference)
        except Exception as fault:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._answer_apart(group, model, fault)
            return
        for one, slate in zip(group, slates, strict=True):
            if not one.slate.done():
                one.slate.set_result(slate)

    def _answer_apart(self, group: list[Waiting], model: Model, fault: Exception) -> None:
        """What one of them dies of is not the others' fault."""
        if len(group) > 1:
            for one in group:
                self._answer([one], model)
        elif not group[0].slate.done():
            group[0].slate.set_exception(fault)
