"""What every message has, whatever it tells: type, ids, times, context."""

from typing import TypedDict

import msgspec

from retail.errors import EventRefused
from retail.events import Channel
from retail.identifiers import Identifiers
from retail.policy import EventLimits
from retail.wire.reading import read

ABSENT = msgspec.Raw(b"")
Stamp = str | int | float | None


class Consent(msgspec.Struct, rename="camel", gc=False):
    category_preferences: dict[str, bool] | None = None


class Context(msgspec.Struct, rename="camel", gc=False):
    """The part of `context` that is read. traits: where one family of SDKs puts the traits of `identify`."""

    consent: Consent | None = None
    traits: msgspec.Raw = ABSENT
    loyalty_card: str | None = None


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """One message as sent. Of a key given twice the last counts."""

    type: str = ""
    event: str | None = None
    name: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    loyalty_card: str | None = None
    timestamp: Stamp = None
    original_timestamp: Stamp = None
    sent_at: Stamp = None
    context: Context | None = None
    properties: msgspec.Raw = ABSENT
    traits: msgspec.Raw = ABSENT

    def message_type(self) -> str:
        """As named; a message without a type that has an event name is a track message."""
        return self.type or ("track" if self.event else "")

    def identifiers(self) -> Identifiers:
        """A loyalty card counts at the top or, as SDKs add no keys there, in `context`."""
        card = self.loyalty_card or (self.context.loyalty_card if self.context else None)
        return Identifiers(self.user_id, card, self.anonymous_id)


class Common(TypedDict):
    """The arguments that every event takes."""

    id: str
    customer: str
    channel: Channel
    at: int
    received: int
    consents: dict[str, bool] | None


_decoder = msgspec.json.Decoder(Envelope)


def open_envelope(raw: bytes, limits: EventLimits) -> Envelope:
    """Raises EventRefused: `event_too_large`, `malformed_json`, `too_deep`, `wrong_type`."""
    if len(raw) > limits.event_bytes:
        raise EventRefused(
            "event_too_large", f"the event has {len(raw)} bytes; at most {limits.event_bytes} are taken: send less"
        )
    return read(_decoder, raw, "the event")
