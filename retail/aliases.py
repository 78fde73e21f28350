"""The side of the identifier: whose it is, decided by its own profile alone, in the order of its own partition.

An identifier goes to the strongest who claims it; of equal ones as its kind's contest says. Whoever has it is told when
it goes elsewhere. Nobody takes what is stronger, so no circle can close.
"""

import msgspec

from retail.correspondence import EventForwarded, IdentifierClaimed, IdentifierReleased, ProfileHandedOver, SplitOrdered
from retail.customers import CustomerState, Identity, decode_state, encode_state
from retail.events import Event, encode_event
from retail.happening import BaseEvent
from retail.identifiers import RANK, kind_of, strength
from retail.letters import Act, Step, note, plain, released, to, with_identity, withdrawn, without_past
from retail.links import Contest, LinkPolicy, Standing, Why
from retail.policy import JourneyPolicy
from retail.pushes import united_pushes

FORMER = 8
"""Customers that passed an identifier on and are remembered: their claims may still be under way."""

_replace = msgspec.structs.replace
_NOBODYS = Identity()


def claim(state: CustomerState, event: IdentifierClaimed, links: LinkPolicy) -> Step:
    """The answer to a claim: handed over, kept, or shared from now on."""
    identity = state.identity or _NOBODYS
    if event.by == identity.root:
        return _claimed_again(state, identity, event, links)
    if event.by in identity.former:
        return Step(state)
    refusal = _refusal(identity, event, links)
    if refusal is Why.SHARED and identity.root and _is_equal(identity.root, event.by):
        return _shared(state, identity, event)
    if refusal is not None:
        return Step(state, (withdrawn(event.customer, event.generation, event.by, refusal, event),))
    return _taken(state, identity, event, links)


def forward(state: CustomerState, event: Event, also: tuple[str, ...]) -> EventForwarded:
    """An alias's event, on its way to the customer."""
    identity = state.identity or _NOBODYS
    told = encode_event(_replace(event, customer=identity.root))
    address = to(identity.root, event)
    return EventForwarded(
        **address, via=event.customer, generation=identity.generation, told=msgspec.Raw(told), also=also
    )


def split(state: CustomerState, event: SplitOrdered) -> Step:
    """An operator sets the identifier apart from its customer, for good."""
    identity = state.identity or _NOBODYS
    root = identity.root
    ordered = note(Act.SPLIT_ORDERED, root or event.customer, event.customer, event, actor=event.actor)
    if not root:
        return Step(state, (), (_replace(ordered, reason="it belongs to nobody else"),))
    apart = tuple(dict.fromkeys((*identity.apart, root)))
    letter = withdrawn(event.customer, identity.generation, root, Why.SPLIT, event)
    return Step(_freed(state, event, apart=apart, forced=False), (letter,), (ordered,))


def release(state: CustomerState, event: IdentifierReleased, policy: JourneyPolicy) -> Step:
    """Contacts made while it was another's count here, too; and it is free if that other is who it still points at."""
    pushes = united_pushes(state.pushes, decode_state(event.state).pushes, policy)
    state = _replace(state, pushes=pushes)
    root = state.identity.root if state.identity is not None else ""
    if root and root == event.by:
        return Step(_freed(state, event))
    if root:
        return Step(state, (released(root, event.customer, state, event),))
    return Step(state)


def _claimed_again(state: CustomerState, identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Step:
    since = min(identity.since, event.at)
    if event.generation <= identity.generation:
        return Step(with_identity(state, since=since)) if since != identity.since else Step(state)
    state = with_identity(state, since=since, generation=event.generation, forced=identity.forced or event.forced)
    return Step(state, (_hand_over(without_past(plain(state), event.received), event, links, {}),))


def _refusal(identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Why | None:
    """Why the claim fails, None where it holds."""
    if strength(event.by) >= strength(event.customer):
        return Why.CYCLE
    if event.forced or (event.heir_of and event.heir_of == identity.root):
        return None
    if event.by in identity.apart:
        return Why.APART
    if identity.root:
        return _kept(identity, event, links)
    return Why.SHARED if RANK[kind_of(event.by)] >= identity.contested else None


def _kept(identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Why | None:
    """Why the claim fails against whoever has it."""
    if identity.forced:
        return Why.KEPT
    if not _is_equal(identity.root, event.by):
        return Why.STRONGER if RANK[kind_of(identity.root)] < RANK[kind_of(event.by)] else None
    if links.of(event.customer).contest is Contest.NOBODY:
        return Why.SHARED
    return None if (event.at, event.by) < (identity.since, identity.root) else Why.EARLIER


def _shared(state: CustomerState, identity: Identity, event: IdentifierClaimed) -> Step:
    """Two of equal strength claim it: it is nobody's. A second login on a device makes no two people one."""
    letters = (
        withdrawn(event.customer, identity.generation, identity.root, Why.SHARED, event),
        withdrawn(event.customer, event.generation, event.by, Why.SHARED, event),
    )
    return Step(_freed(state, event, contested=RANK[kind_of(event.by)]), letters)


def _taken(state: CustomerState, identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Step:
    letters: list[Event] = []
    inherited = bool(event.heir_of) and event.heir_of == identity.root
    if identity.root:
        reason = Why.PASSED_ON if inherited else Why.EARLIER if _is_equal(identity.root, event.by) else Why.STRONGER
        letters.append(withdrawn(event.customer, identity.generation, identity.root, reason, event))
    mine = {id_: link.at for id_, link in identity.links.items() if link.standing is not Standing.APART}
    part = plain(state)
    if identity.root:
        part = without_past(part, event.received)
    former = (*identity.former, identity.root)[-FORMER:] if inherited else ()
    alias = Identity(
        root=event.by,
        generation=event.generation,
        since=event.at,
        forced=event.forced or (inherited and identity.forced),
        contested=identity.contested,
        apart=tuple(other for other in identity.apart if other != event.by),
        former=former,
    )
    letters.append(_hand_over(part, event, links, mine))
    return Step(_replace(part, identity=alias), tuple(letters))


def _hand_over(
    part: CustomerState, event: IdentifierClaimed, links: LinkPolicy, mine: dict[str, int]
) -> ProfileHandedOver:
    """Whoever may be another person brings no contacts: caps count what is certain."""
    part = _replace(part, identity=None)
    if not links.is_certain(event.customer):
        part = _replace(part, pushes=())
    return ProfileHandedOver(
        **to(event.by, event), of=event.customer, generation=event.generation, state=encode_state(part), links=mine
    )


def _freed(state: CustomerState, event: BaseEvent, **changes: object) -> CustomerState:
    """Its own again. What was due meanwhile was the customer's to do."""
    more = {"root": "", "former": (), **changes}
    return with_identity(without_past(state, event.received), **more)


def _is_equal(one: str, other: str) -> bool:
    return kind_of(one) is kind_of(other)
