"""Whom a message names: its own identifiers, and those that an `identify` or an `alias` says are the same person's."""

import msgspec

from retail.errors import EventRefused
from retail.identifiers import Identifiers, Kind, Named, checked_id, hashed_email, hashed_phone, named, profile_id
from retail.policy import EventLimits
from retail.wire.envelope import Envelope
from retail.wire.traits import raw_traits

LONGEST_ADDRESS = 320
"""Characters of an e-mail address at most (RFC 3696)."""


class _Reachable(msgspec.Struct, gc=False):
    email: str | None = None
    phone: str | None = None


_reachable = msgspec.json.Decoder(_Reachable)


def named_in(envelope: Envelope, limits: EventLimits) -> Named:
    """On a shared device what is known of the device says nothing about who uses it.

    Raises EventRefused: `missing_id`, `blocked_id`, `malformed_id`, `reserved_id`, `self_alias`.
    """
    identifiers = envelope.identifiers()
    if envelope.is_shared and (identifiers.user or identifiers.card):
        identifiers = msgspec.structs.replace(identifiers, anonymous=None, device=None)
    if envelope.type == "identify":
        identifiers = _reached(identifiers, envelope, limits)
    who = named(identifiers, limits.blocked)
    return _with_previous(who, envelope, limits) if envelope.type == "alias" else who


def _reached(identifiers: Identifiers, envelope: Envelope, limits: EventLimits) -> Identifiers:
    """With the e-mail address and telephone number that a known person declares: hashed, as weaker identifiers.

    Who gives no more than an address is not known by it: at a newsletter's form it may be anybody's.
    """
    if not identifiers.user and not identifiers.card:
        return identifiers
    try:
        given = _reachable.decode(raw_traits(envelope) or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return identifiers
    email, phone = (given.email or "").strip().lower(), given.phone or ""
    more: dict[str, str] = {}
    if not identifiers.email and "@" in email and len(email) <= LONGEST_ADDRESS and email not in limits.blocked:
        more["email"] = hashed_email(email)
    if not identifiers.phone and sum(map(str.isdecimal, phone)) > 6 and phone not in limits.blocked:
        more["phone"] = hashed_phone(phone)
    return msgspec.structs.replace(identifiers, **more)


def _with_previous(who: Named, envelope: Envelope, limits: EventLimits) -> Named:
    """`alias`: the anonymous id that a customer had before."""
    previous = envelope.previous_id
    if not previous or previous.lower() in limits.blocked:
        return who
    if previous in (envelope.user_id, who.customer):
        raise EventRefused("self_alias", "previousId is the customer's own id; an alias joins two different ones")
    profile = profile_id(Kind.ANONYMOUS, checked_id(previous, "previousId"))
    return Named(who.customer, tuple(dict.fromkeys((*who.also, profile))))
