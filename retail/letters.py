"""Letters: what one profile tells another, and what is noted for whoever wants to know who was found to be whom.

A letter is an event to another profile. It has no id yet: whoever sends it names it by the record that gave rise to it.
"""

from enum import StrEnum
from typing import TypedDict

import msgspec

from retail.correspondence import IdentifierClaimed, IdentifierReleased, IdentifierWithdrawn
from retail.customers import EMPTY, CustomerState, Identity, encode_state
from retail.events import Channel, Event
from retail.happening import BaseEvent
from retail.links import Link
from retail.timers import CART_ABANDONED

_replace = msgspec.structs.replace


class Act(StrEnum):
    """What became of an identifier."""

    LINKED = "linked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGE_ORDERED = "merge_ordered"
    SPLIT_ORDERED = "split_ordered"


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One value of the `identities` topic. id: the same whenever it is told again. reason: why not, or no longer.

    at, source, channel: the evidence: event time in milliseconds, message id, where. actor: who ordered it.
    """

    id: str
    act: Act
    customer: str
    identifier: str
    at: int
    channel: Channel
    reason: str = ""
    source: str = ""
    actor: str = ""
    confidence: float = 1.0


class Step(msgspec.Struct, frozen=True, gc=False):
    """What an event changes in one profile, and what that profile says about it."""

    state: CustomerState
    letters: tuple[Event, ...] = ()
    notes: tuple[Note, ...] = ()


class Address(TypedDict):
    id: str
    customer: str
    channel: Channel
    at: int
    received: int


def to(profile: str, about: BaseEvent) -> Address:
    """The beginning of a letter to a profile, about an event."""
    return {"id": "", "customer": profile, "channel": about.channel, "at": about.at, "received": about.received}


def with_identity(state: CustomerState, **changes: object) -> CustomerState:
    """The state with some of its identity changed."""
    return _replace(state, identity=_replace(state.identity or Identity(), **changes))


def plain(state: CustomerState) -> CustomerState:
    """What is known under the profile's own id alone; the contacts that were made with the customer stay."""
    own = state.identity.own if state.identity is not None else None
    if own is None:
        return _replace(state, identity=None)
    return _replace(own, pushes=state.pushes, applied=state.applied)


def without_past(state: CustomerState, now: int) -> CustomerState:
    """Without the reminder that was due before `now` (milliseconds): the customer it was part of got it, or will."""
    moment = state.timers.get(CART_ABANDONED)
    if moment is None or moment > now:
        return state
    return _replace(state, timers={kind: at for kind, at in state.timers.items() if kind != CART_ABANDONED})


def contacts(state: CustomerState) -> bytes:
    """A state that holds the pushes alone."""
    return encode_state(_replace(EMPTY, pushes=state.pushes))


def note(act: Act, customer: str, identifier: str, about: BaseEvent, **more: object) -> Note:
    """more: reason, actor, confidence."""
    fields = {"source": about.id, **more}
    return Note(
        id="",
        act=act,
        customer=customer,
        identifier=identifier,
        at=about.at,
        channel=about.channel,
        **fields,  # type: ignore[arg-type]
    )


def withdrawn(profile: str, generation: int, root: str, reason: str, about: BaseEvent) -> IdentifierWithdrawn:
    return IdentifierWithdrawn(**to(root, about), of=profile, generation=generation, reason=reason)


def released(profile: str, by: str, state: CustomerState, about: BaseEvent) -> IdentifierReleased:
    return IdentifierReleased(**to(profile, about), by=by, state=contacts(state))


def claimed(profile: str, by: str, link: Link, about: BaseEvent) -> IdentifierClaimed:
    """As the link stands."""
    address: Address = {**to(profile, about), "at": link.at}
    return IdentifierClaimed(
        **address, by=by, generation=link.generation, source=link.source, heir_of=link.through, moves=link.moves
    )
