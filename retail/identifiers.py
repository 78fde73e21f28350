"""Who an event is about: the identifiers a sender gives, and the customer they stand for."""

import re

import msgspec

from retail.errors import EventRefused

LONGEST = 256
"""Characters of an id; the ids of the field's SDKs have at most 100."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Identifiers(msgspec.Struct, frozen=True, gc=False):
    """user: who logged in. card: the loyalty card's number. anonymous: a device or browser before that.

    None and "" alike mean that the sender does not know.
    """

    user: str | None = None
    card: str | None = None
    anonymous: str | None = None


def resolve(identifiers: Identifiers) -> str:
    """The customer's id: the strongest identifier, verbatim (user id, else loyalty card, else anonymous id).

    Raises EventRefused: `missing_id`, `malformed_id`.
    """
    if identifiers.user:
        return checked_id(identifiers.user, "userId")
    if identifiers.card:
        return checked_id(identifiers.card, "loyaltyCard")
    if identifiers.anonymous:
        return checked_id(identifiers.anonymous, "anonymousId")
    raise EventRefused("missing_id", "the event names nobody: give userId, loyaltyCard or anonymousId")


def checked_id(text: str, field: str) -> str:
    """The text, if it can be an id. field: its name, for the message. Raises EventRefused: `malformed_id`."""
    if not text or len(text) > LONGEST:
        raise EventRefused("malformed_id", f"{field} has {len(text)} characters; an id has 1 to {LONGEST}")
    if not text.isprintable() and _CONTROL.search(text):
        raise EventRefused("malformed_id", f"{field} contains control characters; an id is plain text")
    return text
