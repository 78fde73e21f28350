"""Events that concern more than one profile: told apart from the others, and folded on both sides.

A profile is an alias, whose events are its part and go on to its customer, or a customer, whose state is the union of
the parts. `retail.aliases` and `retail.roots` are the two sides, `retail.letters` what they tell each other.
"""

import msgspec

from retail import aliases, groups, roots
from retail.correspondence import (
    LETTERS,
    EventForwarded,
    HouseholdShared,
    HouseholdTold,
    IdentifierClaimed,
    IdentifierReleased,
    IdentifierWithdrawn,
    MergeOrdered,
    ProfileHandedOver,
    SplitOrdered,
)
from retail.customers import CustomerState, Identity
from retail.events import Event, HouseholdJoined, HouseholdLeft, TimerFired, decode_event
from retail.journey import Advanced, StageChange, advance, stage_change
from retail.letters import Note, Step
from retail.links import LINKS, LinkPolicy, Standing
from retail.policy import JourneyPolicy
from retail.reference import Reference

_replace = msgspec.structs.replace
_NOBODYS = Identity()
_OUTWARD = LETTERS | {HouseholdJoined, HouseholdLeft}


class Crossed(msgspec.Struct, frozen=True, gc=False):
    """What came of an event. advanced: as for any; its state has all that changed, also where the event did not count.

    letters: to other profiles. alias: whether nothing is decided here and no slate made, since a customer has it all.
    """

    advanced: Advanced
    letters: tuple[Event, ...] = ()
    notes: tuple[Note, ...] = ()
    alias: bool = False


class Around(msgspec.Struct, frozen=True):
    """What a crossing depends on beside profile and event."""

    reference: Reference
    journey: JourneyPolicy
    links: LinkPolicy = LINKS


def crosses(state: CustomerState, event: Event, also: tuple[str, ...]) -> bool:
    """Whether `cross` is asked; every other event is `advance`'s alone."""
    if also or state.identity is not None or state.households:
        return True
    return type(event) in _OUTWARD


def cross(state: CustomerState, event: Event, also: tuple[str, ...], around: Around) -> Crossed:
    """Pure. also: the profiles of the identifiers that the event names beside the one it came to."""
    crossed = _crossed(state, event, also, around)
    after = crossed.advanced.state
    if type(event) is HouseholdShared or not (state.households or after.households):
        return crossed
    told = groups.tell(state, after, event, was=not is_alias(state), now=not is_alias(after))
    advanced = _replace(crossed.advanced, state=told.state)
    return _replace(crossed, advanced=advanced, letters=(*crossed.letters, *told.letters))


def is_alias(state: CustomerState) -> bool:
    return state.identity is not None and state.identity.root != ""


def is_customer(state: CustomerState) -> bool:
    """Neither an alias nor the profile of a group: one for whom something may be decided."""
    return state.members is None and (state.identity is None or state.identity.root == "")


def _crossed(state: CustomerState, event: Event, also: tuple[str, ...], around: Around) -> Crossed:
    if type(event) is EventForwarded:
        return _arrived(state, event, around)
    if type(event) in LETTERS:
        return _lettered(state, event, around)
    if is_alias(state):
        return _passed_on(state, event, also, around)
    return _lived(state, event, also, around)


def _lettered(state: CustomerState, event: Event, around: Around) -> Crossed:
    """A customer's letters that find an alias meanwhile are of the past; orders go on to its customer."""
    step = _answer(state, event, around)
    advanced = Advanced(step.state, duplicate=step.state is state, change=_change(state, step.state, event))
    return Crossed(advanced, step.letters, step.notes, is_alias(step.state))


def _answer(state: CustomerState, event: Event, around: Around) -> Step:
    match event:
        case HouseholdTold():
            return groups.gather(state, event, around.journey.members)
        case HouseholdShared():
            return Step(state if is_alias(state) else groups.hear(state, event))
        case IdentifierClaimed():
            return aliases.claim(state, event, around.links)
        case SplitOrdered():
            return aliases.split(state, event)
        case IdentifierReleased():
            return aliases.release(state, event, around.journey)
        case MergeOrdered() | ProfileHandedOver() if is_alias(state):
            return _sent_on(state, event)
        case MergeOrdered():
            return roots.merge(state, event, around.links)
        case ProfileHandedOver():
            return roots.unite(state, event, around.links, around.journey)
        case IdentifierWithdrawn() if not is_alias(state):
            return roots.withdraw(state, event, around.links)
    return Step(state)


def _sent_on(state: CustomerState, event: MergeOrdered | ProfileHandedOver) -> Step:
    """To the customer; of a part that came too late the identifiers alone, which come but once."""
    root = (state.identity or _NOBODYS).root
    if root == event.of or (type(event) is ProfileHandedOver and not event.links):
        return Step(state)
    if type(event) is ProfileHandedOver:
        event = _replace(event, generation=0, state=b"")
    return Step(state, (_replace(event, id="", customer=root),))


def _passed_on(state: CustomerState, event: Event, also: tuple[str, ...], around: Around) -> Crossed:
    """An alias's event is folded into its part, decides nothing, and goes on. Silence is the customer's to notice."""
    if type(event) is TimerFired:
        return Crossed(Advanced(state, duplicate=True), alias=True)
    advanced = advance(state, event, around.reference, around.journey)
    letters: tuple[Event, ...] = ()
    if not advanced.duplicate and not advanced.rejected:
        letters = (aliases.forward(state, event, also),)
    part = aliases.seen_with(advanced.state, event, also, around.links)
    return Crossed(_replace(advanced, state=part, occasion=None, change=None, outcomes=()), letters, alias=True)


def _arrived(state: CustomerState, event: EventForwarded, around: Around) -> Crossed:
    """An event of one of the customer's identifiers. Of an older generation it is in the part that was handed over."""
    link = (state.identity or _NOBODYS).links.get(event.via)
    if is_alias(state):
        on = _replace(event, id="", customer=(state.identity or _NOBODYS).root, generation=0)
        return Crossed(Advanced(state, duplicate=True), (on,) if event.also else (), alias=True)
    if link is None:
        return Crossed(Advanced(state, duplicate=True))
    inner = decode_event(bytes(event.told))
    claimed = roots.claims(state, event.also, event, around.links)
    advanced = Advanced(claimed.state, duplicate=True)
    if link.standing is Standing.LINKED and link.generation == event.generation:
        advanced = advance(claimed.state, inner, around.reference, around.journey)
        if inner.consents and not advanced.duplicate:
            advanced = _replace(advanced, state=roots.heard(advanced.state, inner, (event.via, *event.also)))
    return Crossed(advanced, claimed.letters, claimed.notes)


def _lived(state: CustomerState, event: Event, also: tuple[str, ...], around: Around) -> Crossed:
    """A customer's event under its own id: folded into the whole and into its own part."""
    advanced = advance(state, event, around.reference, around.journey)
    lived = advanced.state
    if not advanced.duplicate and not advanced.rejected and type(event) is not TimerFired:
        lived = _with_own(lived, event, around)
    claimed = roots.claims(lived, also, event, around.links)
    lived = claimed.state
    if event.consents and lived.identity is not None and not advanced.duplicate:
        lived = roots.heard(lived, event, also)
    return Crossed(_replace(advanced, state=lived), claimed.letters, claimed.notes)


def _with_own(state: CustomerState, event: Event, around: Around) -> CustomerState:
    identity = state.identity
    if identity is None or identity.own is None:
        return state
    own = advance(identity.own, event, around.reference, around.journey).state
    return _replace(state, identity=_replace(identity, own=own))


def _change(before: CustomerState, after: CustomerState, event: Event) -> StageChange | None:
    """What a customer reached by being united."""
    if before.stage is after.stage or is_alias(after) or type(event) is not ProfileHandedOver:
        return None
    return stage_change(before.stage, after.stage, event)
