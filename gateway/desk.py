"""The desk where customers are looked at, merged and split: for people who answer for it, each act on the record."""

import os
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from litestar.response.base import ASGIResponse

from gateway.answers import Identifier, Ordered, Profile
from gateway.door import Asked
from gateway.errors import Refused, unavailable
from gateway.intake import now
from gateway.keys import Key, KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.ports import Publishing
from gateway.profiles import Profiles, Whose
from gateway.requests import MergeRequest, SplitRequest
from gateway.responses import answer
from gateway.rights import Right
from retail.correspondence import MergeOrdered, SplitOrdered
from retail.errors import EventRefused
from retail.events import Channel
from retail.groups import joined
from retail.identifiers import checked_id, kind_of, strength
from retail.links import LINKS
from streams.state import StateUnavailable
from streams.topics.orders import order_record
from streams.topics.publisher import PublishFailed

T = TypeVar("T")

LARGEST = 4096
"""Bytes of an order."""


@dataclass(frozen=True)
class Desk:
    """deadline: seconds until an order must be in Kafka."""

    keys: KeyRing
    profiles: Profiles
    publisher: Publishing
    deadline: float

    async def show(self, request: Asked) -> ASGIResponse:
        self._admit(request)
        asked = Parameters(request.scope["query_string"]).whom().profile
        try:
            return answer(profile(asked, await self.profiles.whose(asked)))
        except (StateUnavailable, msgspec.DecodeError) as fault:
            raise unavailable("state_unavailable", f"The customer cannot be read now: {fault}.") from fault

    async def merge(self, request: Asked) -> ASGIResponse:
        key = self._admit(request)
        wanted = await _read(request, MergeRequest)
        return await self._order(merge_order(wanted.customer, wanted.identifier, wanted.actor or key.id))

    async def split(self, request: Asked) -> ASGIResponse:
        key = self._admit(request)
        wanted = await _read(request, SplitRequest)
        return await self._order(split_order(wanted.identifier, wanted.actor or key.id))

    def _admit(self, request: Asked) -> Key:
        return self.keys.admit(presented_key(dict(request.scope["headers"])), Right.MANAGE_CUSTOMERS)

    async def _order(self, order: MergeOrdered | SplitOrdered) -> ASGIResponse:
        try:
            await self.publisher.publish([order_record(order, self.profiles.partitions)], self.deadline)
        except PublishFailed as fault:
            raise unavailable("kafka_unavailable", f"The order is not stored, send it again: {fault}.") from fault
        return answer(Ordered(order.id))


def merge_order(one: str, other: str, actor: str) -> MergeOrdered:
    """To the stronger of two profiles. Raises Refused (400)."""
    _check(one, other)
    if one == other:
        raise Refused(400, "self_alias", f"{one} is {other} already: name two different identifiers.")
    stronger, weaker = sorted((one, other), key=strength)
    at = now()
    return MergeOrdered(
        id=os.urandom(16).hex(), customer=stronger, channel=Channel.SERVICE, at=at, received=at, of=weaker, actor=actor
    )


def split_order(identifier: str, actor: str) -> SplitOrdered:
    """Raises Refused (400)."""
    _check(identifier)
    at = now()
    return SplitOrdered(
        id=os.urandom(16).hex(), customer=identifier, channel=Channel.SERVICE, at=at, received=at, actor=actor
    )


def profile(asked: str, whose: Whose) -> Profile:
    """What is known of whoever the asked identifier belongs to."""
    state = whose.state
    links = state.identity.links if state.identity is not None else {}
    identifiers = [
        Identifier(
            identifier=name,
            kind=kind_of(name),
            standing=link.standing.name.lower(),
            since=link.at,
            source=link.source,
            reason=link.reason,
            confidence=LINKS.of(name).confidence,
        )
        for name, link in links.items()
    ]
    return Profile(
        asked=asked,
        customer=whose.customer,
        stage=state.stage,
        events=state.version,
        orders=state.orders,
        consents=state.consents,
        households=joined(state),
        identifiers=identifiers,
    )


def _check(*identifiers: str) -> None:
    try:
        for identifier in identifiers:
            checked_id(identifier, "identifier")
    except EventRefused as fault:
        raise Refused(400, fault.code, f"{fault}.") from None


async def _read(request: Asked, shape: type[T]) -> T:
    """Raises Refused (400, 413)."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refused(413, "body_too_large", f"An order has at most {LARGEST} bytes.")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(400, "malformed_json", f"The order cannot be read: {fault}.") from None
