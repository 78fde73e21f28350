"""What became of answers: which of the items shown were clicked, put in the cart, bought; each told once.

A customer's state keeps the newest answers they were shown, packed: a header of answer id (16 bytes), time u32 (whole
seconds) and number of items u8, then the low 32 bits of each item's key, then a byte of flags for each, little-endian,
newest answer first. What an event adds to the flags is what there is to tell, so nothing is told twice.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from struct import Struct
from typing import NamedTuple, cast

import msgspec

from retail.attribution import Shown
from retail.catalog import item_key
from retail.decisions import decision_id
from retail.events import (
    Channel,
    Event,
    OfferRedeemed,
    OrderCompleted,
    ProductAdded,
    ProductClicked,
    ProductListViewed,
    ProductViewed,
)
from retail.happening import BaseEvent
from retail.policy import JourneyPolicy

_HEADER = Struct("<16sIB")
_KEY = 4
_LOW = (1 << 32) - 1
MOST = 255
"""Items of one answer that are remembered at most: what its header can count."""


SEEN, CLICKED, ADDED, BOUGHT, REDEEMED = 1, 2, 4, 8, 16
"""Flags of an item that was shown. Plain numbers: an `IntFlag` made a fold of 40 items 0.6 ms."""


class Kind(StrEnum):
    """seen: it came on the screen. The others: what the customer did with it; redeemed: of an offer."""

    SEEN = "seen"
    CLICKED = "clicked"
    ADDED = "added"
    BOUGHT = "bought"
    REDEEMED = "redeemed"


_KINDS = (
    (Kind.SEEN, SEEN),
    (Kind.CLICKED, CLICKED),
    (Kind.ADDED, ADDED),
    (Kind.BOUGHT, BOUGHT),
    (Kind.REDEEMED, REDEEMED),
)


class Placed(msgspec.Struct, frozen=True, gc=False):
    """position: on the slate, from 1."""

    item: str
    position: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One value of the `outcomes` topic: something happened to items of an answer, and no earlier value said so.

    id: the same whenever it is told again. answer: whose items; answered: when that was given. at: when it happened.
    Times are milliseconds. shown: the whole answer, of kind `seen` alone; the others join it by `answer`.
    """

    id: str
    customer: str
    answer: str
    kind: Kind
    at: int
    answered: int
    channel: Channel
    items: tuple[Placed, ...]
    shown: Shown | None = None


class _Answer(NamedTuple):
    """at: seconds. keys: 4 bytes for each item. became: a byte of flags for each."""

    at: int
    id: bytes
    keys: bytes
    became: bytes


class _Touch(NamedTuple):
    """became: what an event of this kind makes of its items. items: which these are."""

    became: int
    items: Callable[[BaseEvent], tuple[str, ...]]


def _listed(event: BaseEvent) -> tuple[str, ...]:
    """Where the sender does not say which of them came on the screen, all did."""
    listing = cast(ProductListViewed, event)
    return listing.items or listing.shown.items


def _one(event: BaseEvent) -> tuple[str, ...]:
    return (cast(ProductClicked, event).item,)


def _lines(event: BaseEvent) -> tuple[str, ...]:
    return tuple(line.item for line in cast(OrderCompleted, event).lines)


def _offer(event: BaseEvent) -> tuple[str, ...]:
    return (cast(OfferRedeemed, event).offer,)


_TOUCHES: Mapping[type[BaseEvent], _Touch] = {
    ProductListViewed: _Touch(SEEN, _listed),
    ProductClicked: _Touch(CLICKED, _one),
    ProductViewed: _Touch(CLICKED, _one),
    ProductAdded: _Touch(ADDED, _one),
    OrderCompleted: _Touch(BOUGHT, _lines),
    OfferRedeemed: _Touch(REDEEMED, _offer),
}


def answers_after(answers: bytes, event: BaseEvent, policy: JourneyPolicy) -> bytes:
    """The very bytes that were given where nothing changed.

    An event with a token tells of that answer. A cart, an order or a redemption without one goes to the newest answer
    in which the customer clicked the item or offer within `policy.attribution_click`, else to the newest in which they
    saw it within `policy.attribution_view`.
    """
    touch = _TOUCHES.get(type(event))
    if touch is None:
        return answers
    shown: Shown | None = event.shown  # type: ignore[attr-defined]  # every kind in the table has it
    if shown is None and (not answers or type(event) is ProductViewed):
        return answers
    keys = {_key(item) for item in touch.items(event)}
    if shown is None and not any(key in answers for key in keys):
        # Most carts hold what no answer showed: found out without unpacking.
        return answers
    known = list(_unpacked(answers))
    if shown is not None:
        known = _with(known, shown, policy)
    for key in keys:
        place = _of(known, shown) if shown is not None else _last_touched(known, key, event.at, policy)
        if place is not None and _within(known[place], key, event.at, policy):
            known[place] = _marked(known[place], key, touch.became | SEEN)
    packed = _packed(known)
    return answers if packed == answers else packed


def outcomes_between(before: bytes, after: bytes, event: Event) -> tuple[Outcome, ...]:
    """What the event added."""
    touch = _TOUCHES[type(event)]
    shown: Shown | None = event.shown  # type: ignore[union-attr]  # every kind in the table has it
    names = {_key(item): item for item in touch.items(event)}
    were = {answer.id: answer for answer in _unpacked(before)}
    told: list[Outcome] = []
    for answer in _unpacked(after):
        known = were.get(answer.id)
        fresh = _fresh(answer, known.became if known is not None else bytes(len(answer.became)))
        for kind, flag in _KINDS:
            placed = tuple([Placed(names[_key_at(answer, place)], place + 1) for place, new in fresh if new & flag])
            if placed:
                told.append(_outcome(event, kind, answer, placed, shown))
    return tuple(told)


def _fresh(answer: _Answer, old: bytes) -> list[tuple[int, int]]:
    """Places and the flags that are new there."""
    if answer.became == old:
        return []
    pairs = enumerate(zip(answer.became, old, strict=True))
    return [(place, now & ~then) for place, (now, then) in pairs if now != then]


def united_answers(one: bytes, other: bytes, policy: JourneyPolicy) -> bytes:
    """Of two profiles of one customer: what happened in either happened."""
    both: dict[bytes, _Answer] = {}
    for answer in (*_unpacked(one), *_unpacked(other)):
        known = both.get(answer.id)
        if known is not None and known.keys == answer.keys:
            became = bytes(a | b for a, b in zip(known.became, answer.became, strict=True))
            answer = answer._replace(became=became)
        both[answer.id] = answer
    return _packed(_newest(list(both.values()), policy))


def _outcome(event: Event, kind: Kind, answer: _Answer, placed: tuple[Placed, ...], shown: Shown | None) -> Outcome:
    id_ = answer.id.hex()
    return Outcome(
        id=decision_id(event.customer, f"outcome:{id_}:{kind}:{placed[0].position}"),
        customer=event.customer,
        answer=id_,
        kind=kind,
        at=event.at,
        answered=answer.at * 1000,
        channel=event.channel,
        items=placed,
        shown=shown if kind is Kind.SEEN else None,
    )


def _with(known: list[_Answer], shown: Shown, policy: JourneyPolicy) -> list[_Answer]:
    id_ = bytes.fromhex(shown.answer)
    if any(answer.id == id_ for answer in known):
        return known
    keys = b"".join(map(_key, shown.items[: min(policy.answer_items, MOST)]))
    return _newest([*known, _Answer(min(shown.at // 1000, _LOW), id_, keys, bytes(len(keys) // _KEY))], policy)


def _newest(answers: list[_Answer], policy: JourneyPolicy) -> list[_Answer]:
    """A bound on answers, items and age at once: from the first that does not fit on, all go.

    So what went never comes back, and the order in which they came makes no difference.
    """
    answers.sort(key=lambda answer: (answer.at, answer.id), reverse=True)
    room, kept = policy.answer_items, list[_Answer]()
    for answer in answers[: policy.answers]:
        room -= len(answer.became)
        if room < 0 or (answers[0].at - answer.at) * 1000 > policy.attribution_click_ms:
            break
        kept.append(answer)
    return kept


def _of(known: list[_Answer], shown: Shown) -> int | None:
    id_ = bytes.fromhex(shown.answer)
    return next((place for place, answer in enumerate(known) if answer.id == id_), None)


def _last_touched(known: list[_Answer], key: bytes, at: int, policy: JourneyPolicy) -> int | None:
    """The newest in which it was clicked, else the newest in which it was seen."""
    for flag, window in (
        (CLICKED, policy.attribution_click_ms),
        (SEEN, policy.attribution_view_ms),
    ):
        for place, answer in enumerate(known):
            if at - answer.at * 1000 <= window and _became(answer, key) & flag and _within(answer, key, at, policy):
                return place
    return None


def _within(answer: _Answer, key: bytes, at: int, policy: JourneyPolicy) -> bool:
    """A device's clock may be a little behind ours, also after its correction."""
    since = at - answer.at * 1000
    return _place(answer, key) >= 0 and -policy.late_ms <= since <= policy.attribution_click_ms


def _became(answer: _Answer, key: bytes) -> int:
    place = _place(answer, key)
    return answer.became[place] if place >= 0 else 0


def _marked(answer: _Answer, key: bytes, flags: int) -> _Answer:
    place, became = _place(answer, key), bytearray(answer.became)
    became[place] |= flags
    return answer._replace(became=bytes(became))


def _key(item: str) -> bytes:
    return (item_key(item) & _LOW).to_bytes(_KEY, "little")


def _key_at(answer: _Answer, place: int) -> bytes:
    return answer.keys[place * _KEY : (place + 1) * _KEY]


def _place(answer: _Answer, key: bytes) -> int:
    """-1 where the answer does not have it."""
    at = answer.keys.find(key)
    while at >= 0 and at % _KEY:
        at = answer.keys.find(key, at + 1)
    return at // _KEY if at >= 0 else -1


def _unpacked(answers: bytes) -> Iterator[_Answer]:
    at = 0
    while at < len(answers):
        id_, second, count = _HEADER.unpack_from(answers, at)
        keys = at + _HEADER.size
        flags = keys + count * _KEY
        at = flags + count
        yield _Answer(second, id_, answers[keys:flags], answers[flags:at])


def _packed(answers: list[_Answer]) -> bytes:
    return b"".join(
        _HEADER.pack(answer.id, answer.at, len(answer.became)) + answer.keys + answer.became for answer in answers
    )
