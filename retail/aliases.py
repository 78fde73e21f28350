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
from retail.letters import Act, Step, claimed, note, plain, released, to, with_identity, withdrawn, without_past
from retail.links import Contest, Link, LinkPolicy, Standing, Why
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


def seen_with(state: CustomerState, event: Event, also: tuple[str, ...], links: LinkPolicy) -> CustomerState:
    """What an alias was seen together with goes where it goes."""
    mine = (state.identity or _NOBODYS).links
    new = [identifier for identifier in also if identifier not in mine][: max(links.total - len(mine), 0)]
    if not new:
        return state
    fresh = {identifier: Link(Standing.ASKED, 0, event.at, event.id, event.received) for identifier in new}
    return with_identity(state, links={**mine, **fresh})


def forward(state: CustomerState, event: Event, also: tuple[str, ...]) -> EventForwarded:
    """An alias's event, on its way to the customer."""
    identity = state.identity or _NOBODYS
    told = encode_event(_replace(event, customer=identity.root))
    address = to(identity.root, event)
    return EventForwarded(
        **address,
        via=event.customer,
        generation=identity.generation,
        told=msgspec.Raw(told),
        also=also,
        moves=identity.moves,
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
    freed = _freed(state, event, apart=apart, forced=False)
    return Step(freed.state, (letter, *freed.letters), (ordered,))


def release(state: CustomerState, event: IdentifierReleased, policy: JourneyPolicy) -> Step:
    """Contacts made while it was another's count here, too; and it is free if that other is who it still points at."""
    pushes = united_pushes(state.pushes, decode_state(event.state).pushes, policy)
    state = _replace(state, pushes=pushes)
    identity = state.identity or _NOBODYS
    root = identity.root
    if root and event.by in (root, identity.through):
        gone = withdrawn(event.customer, identity.generation, root, Why.TOO_MANY, event)
        freed = _freed(state, event)
        return Step(freed.state, (gone, *freed.letters))
    if root:
        return Step(state, (released(root, event.customer, state, event),))
    return Step(state)


def _claimed_again(state: CustomerState, identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Step:
    identity = _replace(identity, since=min(identity.since, event.at), forced=identity.forced or event.forced)
    if not event.heir_of or identity.through != identity.root:
        identity = _replace(identity, through=_bringer(event), brought=event.moves)
    if event.generation <= identity.generation:
        return Step(_replace(state, identity=identity) if identity != state.identity else state)
    state = _replace(state, identity=_replace(identity, generation=event.generation))
    return Step(state, (_hand_over(without_past(plain(state), event.received), event, links, _NOBODYS),))


def _refusal(identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Why | None:
    """Why the claim fails, None where it holds."""
    if strength(event.by) >= strength(event.customer):
        return Why.CYCLE
    if event.forced or _is_heir(identity, event):
        return None
    if identity.root and _bringer(event) == identity.through:
        return Why.PASSED_ON
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
    freed = _freed(state, event, contested=RANK[kind_of(event.by)])
    return Step(freed.state, (*letters, *freed.letters))


def _taken(state: CustomerState, identity: Identity, event: IdentifierClaimed, links: LinkPolicy) -> Step:
    letters: list[Event] = []
    inherited = _is_heir(identity, event)
    if identity.root:
        reason = Why.PASSED_ON if inherited else Why.EARLIER if _is_equal(identity.root, event.by) else Why.STRONGER
        letters.append(withdrawn(event.customer, identity.generation, identity.root, reason, event))
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
        links=identity.links,
        moves=identity.moves + 1,
        through=_bringer(event),
        brought=event.moves,
    )
    letters.append(_hand_over(part, event, links, alias))
    return Step(_replace(part, identity=alias), tuple(letters))


def _hand_over(part: CustomerState, event: IdentifierClaimed, links: LinkPolicy, alias: Identity) -> ProfileHandedOver:
    """Whoever may be another person brings no contacts: caps count what is certain. alias: what it brings along."""
    mine = {id_: link.at for id_, link in alias.links.items() if link.standing is not Standing.APART}
    part = _replace(part, identity=None)
    if not links.is_certain(event.customer):
        part = _replace(part, pushes=())
    return ProfileHandedOver(
        **to(event.by, event),
        of=event.customer,
        generation=event.generation,
        state=encode_state(part),
        links=mine,
        moves=alias.moves,
    )


def _freed(state: CustomerState, event: BaseEvent, **changes: object) -> Step:
    """Its own again, and with it what it brought. What was due meanwhile was the customer's to do."""
    identity = state.identity or _NOBODYS
    moves = identity.moves + 1
    asked = {
        identifier: _replace(link, standing=Standing.ASKED, generation=link.generation + 1, moves=moves, through="")
        for identifier, link in identity.links.items()
        if link.standing is not Standing.APART
    }
    letters = tuple(claimed(identifier, event.customer, link, event) for identifier, link in asked.items())
    mine = {**identity.links, **asked}
    more = {"root": "", "former": (), "through": "", "brought": 0, "moves": moves, "links": mine, **changes}
    return Step(with_identity(without_past(state, event.received), **more), letters)


def _bringer(event: IdentifierClaimed) -> str:
    return event.heir_of or event.by


def _is_heir(identity: Identity, event: IdentifierClaimed) -> bool:
    """Whether whoever brought it here, or had it, has gone elsewhere since."""
    bringer = _bringer(event)
    if not identity.root:
        return False
    if bringer == identity.through:
        return event.moves > identity.brought
    return event.heir_of == identity.root


def _is_equal(one: str, other: str) -> bool:
    return kind_of(one) is kind_of(other)
