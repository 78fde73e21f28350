"""Who an event is about: the identifiers a sender gives, and the profile they stand for.

A profile's id is the user id verbatim, or any other identifier under its kind: `card:123`, `anonymous:f7a2`. So no
identifier can pass for one of another kind.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from itertools import compress
from typing import NamedTuple, cast

import msgspec

from retail.errors import EventRefused

LONGEST = 256
"""Characters of an id; the ids of the field's SDKs have at most 100."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Kind(StrEnum):
    """Kinds of identifiers, the strongest first: the strongest one of an event says whose it is."""

    USER = "user"
    CARD = "card"
    EMAIL = "email"
    PHONE = "phone"
    PAYMENT = "payment"
    ANONYMOUS = "anonymous"
    DEVICE = "device"
    TAG = "tag"


_KINDS = tuple(Kind)
"""Going through an enumeration costs several times as much as through a tuple, for every event."""

_USER = Kind.USER

RANK = {kind: rank for rank, kind in enumerate(_KINDS)}

_PREFIX: dict[Kind, str] = {kind: f"{kind}:" for kind in Kind if kind is not Kind.USER}
_PREFIXES = tuple(_PREFIX.values())

HOUSEHOLD = "household:"
"""Before the id of a group: its profile is nobody's identifier."""

_RESERVED = (*_PREFIXES, HOUSEHOLD)

FIELDS = {
    Kind.USER: "userId",
    Kind.CARD: "loyaltyCard",
    Kind.EMAIL: "emailHash",
    Kind.PHONE: "phoneHash",
    Kind.PAYMENT: "paymentToken",
    Kind.ANONYMOUS: "anonymousId",
    Kind.DEVICE: "device.id",
    Kind.TAG: "beaconTag",
}
"""How senders call them."""

NOBODY = frozenset(
    {
        "null",
        "none",
        "nil",
        "undefined",
        "nan",
        "n/a",
        "unknown",
        "guest",
        "anonymous",
        "not_set",
        "(not set)",
        "[object object]",
        "true",
        "false",
        "0",
        "-1",
        "00000000-0000-0000-0000-000000000000",
    }
)
"""What broken senders give for an id; taken as one, it would make one customer of thousands. In lower case."""


class Identifiers(msgspec.Struct, frozen=True, gc=False):
    """user: who logged in. card: the loyalty card's number. anonymous: a browser or an installation before that.

    email, phone: hashes (see `hashed_email`). payment: the token of a means of payment. device: what several people may
    use. tag: a beacon that the customer carries. None and "" alike mean that the sender does not know.
    """

    user: str | None = None
    card: str | None = None
    anonymous: str | None = None
    email: str | None = None
    phone: str | None = None
    payment: str | None = None
    device: str | None = None
    tag: str | None = None


class Named(NamedTuple):
    """Whom an event names. customer: the profile of its strongest identifier. also: those of the others."""

    customer: str
    also: tuple[str, ...] = ()


def named(identifiers: Identifiers, blocked: frozenset[str] = NOBODY) -> Named:
    """blocked: values that stand for nobody, in lower case; they count as not given.

    A weaker identifier that can be none (see `checked_id`) is left out: it never costs the event.
    Raises EventRefused: `missing_id`, `blocked_id`, `malformed_id`, `reserved_id`.
    """
    given = [(kind, value) for kind, value in _by_strength(identifiers) if value.lower() not in blocked]
    if not given:
        raise _nobody(identifiers)
    kind, value = given[0]
    customer = profile_id(kind, checked_id(value, FIELDS[kind]))
    if len(given) == 1:
        return Named(customer)
    return Named(customer, tuple(_prefixed(kind, value) for kind, value in given[1:] if _fits(value)))


def resolve(identifiers: Identifiers) -> str:
    """The profile of the strongest identifier. Raises EventRefused as `named` does."""
    return named(identifiers).customer


def profile_id(kind: Kind, value: str) -> str:
    """Raises EventRefused: `reserved_id`, for a user id that looks like another kind's."""
    if kind is not _USER:
        return _PREFIX[kind] + value
    if value.startswith(_RESERVED):
        raise EventRefused(
            "reserved_id", f"a userId must not begin with {value.partition(':')[0]}: as other kinds of ids do"
        )
    return value


def kind_of(profile: str) -> Kind:
    if not profile.startswith(_PREFIXES):
        return Kind.USER
    return Kind(profile.partition(":")[0])


def strength(profile: str) -> tuple[int, str]:
    """Smaller is stronger: a total order, so that whoever belongs to a stronger profile can never own it."""
    return RANK[kind_of(profile)], profile


def hashed_email(address: str) -> str:
    """SHA-256 of the trimmed address in lower case, hexadecimal: as the field's conversion interfaces take it."""
    return sha256(address.strip().lower().encode()).hexdigest()


def hashed_phone(number: str) -> str:
    """SHA-256 of the digits behind a `+`, hexadecimal."""
    return sha256(f"+{''.join(filter(str.isdecimal, number))}".encode()).hexdigest()


def checked_id(text: str, field: str) -> str:
    """The text, if it can be an id. field: its name, for the message. Raises EventRefused: `malformed_id`."""
    if text and len(text) <= LONGEST and text.isprintable():
        return text
    if not text or len(text) > LONGEST:
        raise EventRefused("malformed_id", f"{field} has {len(text)} characters; an id has 1 to {LONGEST}")
    if _CONTROL.search(text):
        raise EventRefused("malformed_id", f"{field} contains control characters; an id is plain text")
    return text


def _by_strength(ids: Identifiers) -> Iterator[tuple[Kind, str]]:
    """Those that are given."""
    values = (ids.user, ids.card, ids.email, ids.phone, ids.payment, ids.anonymous, ids.device, ids.tag)
    return compress(zip(_KINDS, cast(tuple[str, ...], values), strict=True), values)


def _prefixed(kind: Kind, value: str) -> str:
    return _PREFIX[kind] + value


def _fits(value: str) -> bool:
    return len(value) <= LONGEST and (value.isprintable() or not _CONTROL.search(value))


def _nobody(identifiers: Identifiers) -> EventRefused:
    given = [f"{FIELDS[kind]} {value!r}" for kind, value in _by_strength(identifiers)]
    if not given:
        return EventRefused("missing_id", "the event names nobody: give userId, loyaltyCard or anonymousId")
    return EventRefused("blocked_id", f"{', '.join(given)} stands for nobody; leave it out where nobody is known")
