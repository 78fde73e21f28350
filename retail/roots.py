"""The side of the customer: identifiers claimed, parts united, and taken out again."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import msgspec

from retail.consents import PERSONALIZATION, Words, consented, strictest
from retail.correspondence import EventForwarded, IdentifierWithdrawn, MergeOrdered, ProfileHandedOver
from retail.customers import CustomerState, Identity, decode_state
from retail.events import Event
from retail.happening import BaseEvent
from retail.identifiers import kind_of
from retail.letters import Act, Note, Step, claimed, note, plain, released, with_identity, without_past
from retail.links import LIVE, Link, LinkPolicy, Standing, Why
from retail.policy import JourneyPolicy
from retail.union import union

_replace = msgspec.structs.replace
_NOBODYS = Identity()
_SETTLED = frozenset({Standing.LINKED, Standing.APART})


class _Evidence(NamedTuple):
    """Why an identifier is claimed. at: since when it is known to be the customer's, milliseconds.

    through, moves: as a link has them.
    """

    event: BaseEvent
    at: int
    through: str = ""
    moves: int = 0
    forced: bool = False


def claims(state: CustomerState, identifiers: Iterable[str], event: BaseEvent, links: LinkPolicy) -> Step:
    """Claims the identifiers that an event names beside the customer; those that are settled cost a look-up each."""
    letters: list[Event] = []
    notes: list[Note] = []
    evidence = _evidence(state, event)
    for identifier in identifiers:
        known = state.identity.links.get(identifier) if state.identity is not None else None
        if known is not None and evidence.through == "" and known.standing is Standing.LINKED and known.through:
            state, letter = _confirm(state, identifier, evidence)
            letters.append(letter)
            continue
        if known is not None and not _is_due(known, event, links):
            continue
        refusal = _refusal(state, known, identifier, links)
        if refusal is not None:
            notes.append(note(Act.REFUSED, event.customer, identifier, event, reason=refusal))
            continue
        state, letter = _ask(state, identifier, evidence, links)
        letters.append(letter)
    return Step(state, tuple(letters), tuple(notes))


def merge(state: CustomerState, event: MergeOrdered, links: LinkPolicy) -> Step:
    """An operator says that a profile is this customer's; nothing but a stronger one stands against it."""
    ordered = note(Act.MERGE_ORDERED, event.customer, event.of, event, actor=event.actor)
    known = state.identity.links.get(event.of) if state.identity is not None else None
    if known is not None and known.standing is Standing.LINKED:
        return Step(state, (), (ordered,))
    state, letter = _ask(state, event.of, _evidence(state, event)._replace(forced=True), links)
    return Step(state, (letter,), (ordered,))


def unite(state: CustomerState, event: ProfileHandedOver, links: LinkPolicy, policy: JourneyPolicy) -> Step:
    """A part arrives; with it come the identifiers of what was a customer before.

    A part of an older generation comes again in the newer; the identifiers come but once, and are taken all the same.
    """
    identity = state.identity or _NOBODYS
    link = identity.links.get(event.of)
    if link is None or link.standing not in LIVE:
        return Step(state, tuple(released(identifier, event.of, state, event) for identifier in event.links))
    if link.standing is not Standing.ASKED or link.generation != event.generation:
        return _inherit(state, event, links)
    part = decode_state(event.state)
    consents, times = _last_words((link.consents, link.consented_at), (part.consents, part.consented_at))
    link = _replace(link, standing=Standing.LINKED, consents=consents, consented_at=times)
    own = identity.own or _replace(state, identity=None)
    state = with_identity(union(state, part, policy), own=own, links={**identity.links, event.of: link})
    state = allowed(state)
    heirs = _inherit(state, event, links)
    confidence = links.of(event.of).confidence
    linked = note(Act.LINKED, event.customer, event.of, event, source=link.source, confidence=confidence)
    return Step(heirs.state, heirs.letters, (linked, *heirs.notes))


def withdraw(state: CustomerState, event: IdentifierWithdrawn, links: LinkPolicy) -> Step:
    """An identifier is not the customer's: what it brought is taken out, contacts excepted, which both remember."""
    identity = state.identity or _NOBODYS
    link = identity.links.get(event.of)
    if link is None or link.standing not in LIVE or link.generation != event.generation:
        return Step(state)
    standing = Standing.APART if event.reason == Why.SPLIT else Standing.REFUSED
    gone = _replace(link, standing=standing, reason=event.reason, consents={}, consented_at={})
    state = with_identity(state, links={**identity.links, event.of: gone})
    act = Act.WITHDRAWN if link.standing is Standing.LINKED else Act.REFUSED
    told = note(act, event.customer, event.of, event, reason=event.reason)
    shared = links.is_certain(event.of) and (link.standing is Standing.LINKED or link.generation > 1)
    share = (released(event.of, event.customer, state, event),) if shared else ()
    if link.standing is Standing.ASKED:
        return Step(state, share, (told,))
    again = _rederive(state, event)
    return Step(again.state, (*share, *again.letters), (told,))


def heard(state: CustomerState, event: BaseEvent, under: Iterable[str]) -> CustomerState:
    """Consents said in an event count as the last words of each identifier it was said under."""
    identity = state.identity or _NOBODYS
    said = event.consents or {}
    links = dict(identity.links)
    for identifier in under:
        link = links.get(identifier)
        if link is not None:
            words = _last_words((link.consents, link.consented_at), (said, dict.fromkeys(said, event.at)))
            links[identifier] = _replace(link, consents=words[0], consented_at=words[1])
    return allowed(with_identity(state, links=links))


def allowed(state: CustomerState) -> CustomerState:
    """The state with the strictest of what was said under each identifier. For customers with a part of their own."""
    identity = state.identity or _NOBODYS
    if identity.own is None:
        return state
    parts = [(link.consents, link.consented_at) for link in identity.links.values() if link.standing in LIVE]
    consents, times = strictest([(identity.own.consents, identity.own.consented_at), *parts])
    return _replace(state, consents=consents, consented_at=times)


def _evidence(state: CustomerState, event: BaseEvent) -> _Evidence:
    """What is forwarded was seen with the alias, and goes where that one goes."""
    if isinstance(event, EventForwarded):
        return _Evidence(event, event.at, event.via, event.moves)
    return _Evidence(event, event.at, moves=(state.identity or _NOBODYS).moves)


def _confirm(state: CustomerState, identifier: str, evidence: _Evidence) -> tuple[CustomerState, Event]:
    """What another identifier brought was seen together with the customer itself: it stays when that one goes."""
    mine = (state.identity or _NOBODYS).links
    known = mine[identifier]
    link = _replace(known, through="", moves=evidence.moves, at=min(known.at, evidence.at))
    letter = claimed(identifier, evidence.event.customer, link, evidence.event)
    return with_identity(state, links={**mine, identifier: link}), letter


def _is_due(known: Link, event: BaseEvent, links: LinkPolicy) -> bool:
    """Whether a link that is known has to be claimed again: the answer is overdue, or the evidence is older."""
    if known.standing is Standing.ASKED:
        return event.received - known.asked > links.ask_again.total_seconds() * 1000
    return known.standing is Standing.REFUSED and event.at < known.at and known.reason == Why.EARLIER


def _refusal(state: CustomerState, known: Link | None, identifier: str, links: LinkPolicy) -> Why | None:
    if not links.is_certain(identifier) and not consented(state, PERSONALIZATION):
        return Why.NO_CONSENT
    mine = state.identity.links if state.identity is not None else {}
    if known is not None or not mine:
        return None
    kind = kind_of(identifier)
    alike = sum(kind_of(other) is kind and link.standing in LIVE for other, link in mine.items())
    if alike >= links.of(identifier).limit:
        return Why.TOO_MANY
    full = len(mine) >= links.total and all(link.standing is not Standing.REFUSED for link in mine.values())
    return Why.TOO_MANY if full else None


def _ask(state: CustomerState, identifier: str, evidence: _Evidence, links: LinkPolicy) -> tuple[CustomerState, Event]:
    """Of more identifiers than are remembered the one refused longest ago gives way."""
    mine = dict((state.identity or _NOBODYS).links)
    event, known = evidence.event, mine.get(identifier)
    if known is None and len(mine) >= links.total:
        mine.pop(next((id_ for id_, link in mine.items() if link.standing is Standing.REFUSED), ""), None)
    if known is None:
        link = Link(Standing.ASKED, 1, evidence.at, event.id, event.received)
        link = _replace(link, through=evidence.through, moves=evidence.moves)
    else:
        at, source = min((known.at, known.source), (evidence.at, event.id))
        generation = known.generation + 1
        link = _replace(
            known, standing=Standing.ASKED, generation=generation, at=at, source=source, asked=event.received, reason=""
        )
        if known.through or known.standing is not Standing.LINKED:
            link = _replace(link, through=evidence.through, moves=evidence.moves)
    mine[identifier] = link
    letter = claimed(identifier, event.customer, link, event)
    letter = _replace(letter, forced=evidence.forced)
    return with_identity(state, links=mine), letter


def _inherit(state: CustomerState, event: ProfileHandedOver, links: LinkPolicy) -> Step:
    """Who joins brings identifiers along; where there is no room for one, it is let go."""
    letters: list[Event] = []
    notes: list[Note] = []
    for identifier, at in islice(event.links.items(), links.total):
        known = (state.identity or _NOBODYS).links.get(identifier)
        if identifier == event.customer or (known is not None and known.standing in _SETTLED):
            continue
        refusal = _refusal(state, known, identifier, links)
        if refusal is None:
            state, letter = _ask(state, identifier, _Evidence(event, at, event.of, event.moves), links)
            letters.append(letter)
        else:
            letters.append(released(identifier, event.of, state, event))
            notes.append(note(Act.REFUSED, event.customer, identifier, event, reason=refusal))
    return Step(state, tuple(letters), tuple(notes))


def _rederive(state: CustomerState, event: BaseEvent) -> Step:
    """The customer's own part again, and the remaining identifiers are asked for theirs, in a new generation."""
    identity = state.identity or _NOBODYS
    asked = {
        identifier: _replace(link, standing=Standing.ASKED, generation=link.generation + 1, asked=event.received)
        for identifier, link in identity.links.items()
        if link.standing in LIVE
    }
    own = without_past(plain(state), event.received)
    again = _replace(identity, links={**identity.links, **asked}, own=_replace(own, identity=None) if asked else None)
    letters = tuple(claimed(identifier, event.customer, link, event) for identifier, link in asked.items())
    return Step(allowed(_replace(own, identity=again)), letters)


def _last_words(one: Words, other: Words) -> tuple[dict[str, bool], dict[str, int]]:
    """Per purpose the newer word under one identifier; of words of the same moment the denial."""
    consents: dict[str, bool] = {}
    times: dict[str, int] = {}
    for words, at in (one, other):
        for purpose, granted in words.items():
            word = at.get(purpose, 0), not granted
            if purpose not in consents or word > (times[purpose], not consents[purpose]):
                consents[purpose], times[purpose] = granted, word[0]
    return consents, times
