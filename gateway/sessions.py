"""Session and cart continuity: what was begun in one channel, told to another."""

from dataclasses import dataclass

import msgspec
from litestar.response.base import ASGIResponse

from gateway.answers import Continued, Stay
from gateway.door import Sent
from gateway.errors import Refused, unavailable
from gateway.keys import KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.profiles import Profiles
from gateway.responses import answer
from gateway.rights import Right, Scope
from retail.customers import CustomerState
from retail.identifiers import Kind, kind_of
from retail.links import Standing
from streams.state import StateUnavailable


@dataclass(frozen=True)
class Sessions:
    keys: KeyRing
    profiles: Profiles

    async def reply(self, request: Sent) -> ASGIResponse:
        key = self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_SESSION)
        asked, profile = Parameters(request.scope["query_string"]).whom()
        if key.scope is Scope.SITE and kind_of(profile) is not Kind.ANONYMOUS:
            raise Refused(403, "wrong_scope", "A site key may ask for a session by anonymousId only.")
        try:
            _, state = await self.profiles.whose(profile)
        except (StateUnavailable, msgspec.DecodeError) as fault:
            raise unavailable("state_unavailable", "The session cannot be read now; ask again in a moment.") from fault
        return answer(continued(asked, state))


def continued(asked: str, state: CustomerState) -> Continued:
    session, visit = state.session, state.visit
    links = state.identity.links.values() if state.identity is not None else ()
    return Continued(
        customer=asked,
        stage=state.stage,
        cart=state.cart,
        changed=state.cart_changed,
        session=Stay(session.channel, session.started, session.last) if session else None,
        visit=Stay(visit.store, visit.started, visit.last) if visit else None,
        identifiers=sum(link.standing is Standing.LINKED for link in links),
        version=state.version,
    )
