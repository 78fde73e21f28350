"""Whose an identifier is: the customer behind it with their state, in one read for a customer and two for an alias."""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from gateway.complaints import COMPLAINTS
from retail.crossing import is_alias
from retail.customers import EMPTY, CustomerState, decode_state
from retail.identifiers import Kind, kind_of, profile_id
from streams.state import StateUnavailable, Views
from streams.topics.partitions import partition_of

HOPS = 3
"""Aliases point at their customer; while one customer joins another there may be one more in between."""

UNSAID = (Kind.ANONYMOUS, Kind.CARD)
"""Kinds that are tried where nobody is known under an id that does not say of which kind it is."""


class Whose(NamedTuple):
    """customer: the profile that answers. state: theirs, empty where nobody is known."""

    customer: str
    state: CustomerState


@dataclass(frozen=True)
class Profiles:
    """partitions: of the state, by profile."""

    views: Views
    partitions: int

    async def whose(self, profile: str) -> Whose:
        """Raises StateUnavailable, msgspec.DecodeError."""
        state = await self._state(profile)
        if state is None:
            profile, state = await self._otherwise(profile)
        for _ in range(HOPS):
            if not is_alias(state) or state.identity is None:
                break
            profile, state = state.identity.root, await self._state(state.identity.root) or EMPTY
        return Whose(profile, state)

    async def customer(self, profile: str) -> str:
        """The profile that answers, also where its state cannot be read. Raises StateUnavailable."""
        try:
            return (await self.whose(profile)).customer
        except msgspec.DecodeError:
            return profile

    async def _otherwise(self, profile: str) -> Whose:
        """Who asks by `customer` may hold an id of any kind."""
        if kind_of(profile) is not Kind.USER:
            return Whose(profile, EMPTY)
        others = [profile_id(kind, profile) for kind in UNSAID]
        states = await asyncio.gather(*map(self._state, others))
        found = (Whose(other, state) for other, state in zip(others, states, strict=True) if state is not None)
        return next(found, Whose(profile, EMPTY))

    async def _state(self, profile: str) -> CustomerState | None:
        try:
            blob = await self.views.customer(partition_of(profile, self.partitions), profile)
        except StateUnavailable as fault:
            COMPLAINTS.tell("customers are answered without their state", fault)
            raise
        return decode_state(blob) if blob else None
