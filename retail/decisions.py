"""What was decided about a promotion: a push, or withheld with a reason.

A decision's id is derived from its business occasion (this visit, this zone of this visit), so whoever
decides again about the same occasion derives the same id.
"""

from enum import StrEnum
from hashlib import sha256

import msgspec

from retail.offers import Trigger
from retail.reading import read_json


class Occasion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A moment at which a push may be due. id: unique per business occasion, stable under redelivery.

    visit: the visit's id, store: where; "" both where the customer is in none. zone: "" for the store's entrance.
    at: the moment of contact. due: since when it was due, where that may be long ago; else 0.
    """

    id: str
    trigger: Trigger
    visit: str
    store: str
    zone: str
    at: int
    due: int = 0


class Reason(StrEnum):
    """Why nothing was sent."""

    NO_CONSENT = "no_consent"
    QUIET_HOURS = "quiet_hours"
    ALREADY_SENT = "already_sent"
    JUST_BOUGHT = "just_bought"
    CAPPED = "capped"
    DISMISSED = "dismissed"
    OPEN_COMPLAINT = "open_complaint"
    NO_ELIGIBLE_OFFER = "no_eligible_offer"
    UNKNOWN_STORE = "unknown_store"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    EXPIRED = "expired"


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What became of one offer in a decision: reason is "won" or the rule that excluded it."""

    offer: str
    reason: str


class Push(msgspec.Struct, frozen=True, kw_only=True, tag_field="decision", tag="push", omit_defaults=True, gc=False):
    """expires: milliseconds; after it the push must not be shown. why: the sentence for the customer."""

    id: str
    customer: str
    occasion: str
    visit: str
    offer: str
    store: str
    zone: str
    at: int
    expires: int
    title: str
    body: str
    why: str
    verdicts: tuple[Verdict, ...] = ()


class Withheld(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="decision", tag="withheld", omit_defaults=True, gc=False
):
    """verdicts: the offers that were considered, bounded, the strongest first."""

    id: str
    customer: str
    occasion: str
    at: int
    reason: Reason
    verdicts: tuple[Verdict, ...] = ()


Decision = Push | Withheld

_decoder = msgspec.json.Decoder(Decision)
_encoder = msgspec.json.Encoder()


def decision_id(customer: str, occasion: str) -> str:
    """32 hexadecimal digits, the same for the same customer and occasion everywhere."""
    return sha256(f"{customer}\x00{occasion}".encode()).hexdigest()[:32]


def decode_decision(raw: bytes) -> Decision:
    """One value of the `promotions` topic. Raises msgspec.DecodeError."""
    decision: Decision = read_json(_decoder, raw)
    return decision


def encode_decision(decision: Decision) -> bytes:
    return _encoder.encode(decision)
