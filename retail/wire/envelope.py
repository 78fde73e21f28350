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
    """The part of `context` that is read. traits: where one family of SDKs puts the traits of `identify`.

    email_hash to beacon_tag: identifiers that SDKs have no key for. shared_device: a kiosk or a family's tablet.
    """

    consent: Consent | None = None
    traits: msgspec.Raw = ABSENT
    loyalty_card: str | None = None
    email_hash: str | None = None
    phone_hash: str | None = None
    payment_token: str | None = None
    beacon_tag: str | None = None
    device: msgspec.Raw = ABSENT
    shared_device: bool | None = None


class _Device(msgspec.Struct, gc=False):
    id: str | None = None


_NO_CONTEXT = Context()
_device = msgspec.json.Decoder(_Device)


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """One message as sent. Of a key given twice the last counts."""

    type: str = ""
    event: str | None = None
    name: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | int | None = None
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
        given = self.context or _NO_CONTEXT
        return Identifiers(
            user=self.user_id,
            card=self.loyalty_card or given.loyalty_card,
            anonymous=self.anonymous_id,
            email=given.email_hash,
            phone=given.phone_hash,
            payment=given.payment_token,
            device=None if given.device is ABSENT else device_id(given.device),
            tag=given.beacon_tag,
        )

    @property
    def is_shared(self) -> bool:
        """Whether the sender says that several people use this device."""
        return self.context is not None and bool(self.context.shared_device)


def device_id(device: msgspec.Raw) -> str | None:
    """Senders put anything there; what has no `id` that is text names no device."""
    raw = bytes(device)
    try:
        return _device.decode(raw).id if raw[:1] == b"{" else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


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
