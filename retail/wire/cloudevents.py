"""CloudEvents 1.0 as messages of ours: structured, or attributes beside the data (HTTP and Kafka bindings).

Source: the CloudEvents specification 1.0.2, its JSON format and its HTTP and Kafka protocol bindings.

The data is either a message in the Segment shape, or the properties of the event that `type` names: its end counts, so
`com.example.shop.product_viewed.v1` is a `Product Viewed`. The customer is named in the data, by the extension
attributes `userid`, `anonymousid` and `loyaltycard`, else by `partitionkey`, else by `subject`.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from retail.errors import EventRefused
from retail.identifiers import LONGEST
from retail.wire.message import Message, Values, derived_id, encode_message
from retail.wire.names import name_at_end
from retail.wire.reading import read, read_object

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"

KINDS: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})

Text = str | int | None


class CloudEvent(msgspec.Struct):
    """An event in the JSON format; attributes that are not read here are allowed."""

    id: str = ""
    source: str = ""
    type: str = ""
    specversion: str = ""
    subject: str | None = None
    time: str | None = None
    partitionkey: Text = None
    userid: Text = None
    anonymousid: Text = None
    loyaltycard: Text = None
    datacontenttype: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str | None = None


class _Data(msgspec.Struct, rename="camel"):
    """What the data may say of the message itself."""

    type: object = None
    message_id: object = None
    user_id: object = None
    anonymous_id: object = None
    loyalty_card: object = None
    timestamp: object = None


_event = msgspec.json.Decoder(CloudEvent)
_batch = msgspec.json.Decoder(list[msgspec.Raw])
_data = msgspec.json.Decoder(_Data)
_encoder = msgspec.json.Encoder()


def open_batch(body: bytes) -> list[bytes]:
    """The events of the batched mode. Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`."""
    return [bytes(raw) for raw in read(_batch, body, "the batch")]


def structured(raw: bytes) -> bytes:
    """The message of an event in the JSON format. Raises EventRefused."""
    event = read(_event, raw, "the event")
    data = bytes(event.data)
    if event.data_base64 is not None:
        try:
            data = b64decode(event.data_base64, validate=True)
        except (binascii.Error, ValueError):
            raise EventRefused("malformed_json", "data_base64 is no base64") from None
    return _message(event, data)


def as_structured(attributes: Mapping[str, str], data: bytes) -> bytes:
    """An event of the binary mode in the JSON format, so that it can be kept, and read, as one thing.

    attributes: by name, without `ce-` or `ce_`.
    """
    beside = {"data": msgspec.Raw(data)} if _is_json(data) else {"data_base64": data}
    return _encoder.encode({**attributes, **(beside if data else {})})


def in_record(headers: Sequence[tuple[str, bytes | None]], key: bytes | None, value: bytes) -> bytes | None:
    """The event in the JSON format where a Kafka record holds one, in whichever mode; None where it does not.

    The Kafka binding has the partition key as the record's key. Raises nothing.
    """
    attributes = _attributes(headers) if headers else None
    if attributes:
        if key:
            attributes.setdefault("partitionkey", key.decode("utf-8", "replace"))
        return as_structured(attributes, value)
    return value if b'"specversion"' in value and _is_event(value) else None


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """One without a value is not told."""
    told = [(name.lower(), text) for name, text in headers if text is not None]
    return {name[3:]: text.decode("utf-8", "replace") for name, text in told if name.startswith("ce_")}


def _is_event(value: bytes) -> bool:
    """Whether this is an event in the JSON format, and not a message that mentions one."""
    try:
        event = _event.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return bool(event.specversion and event.source)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _message(event: CloudEvent, data: bytes) -> bytes:
    _check(event)
    given = read_object(data, "data") if data.strip() not in (b"", b"null") else {}
    said = read(_data, _encoder.encode(given), "data")
    message = Message(
        "track",
        _text(said.message_id) or _id(event),
        *_customer(event, said),
        timestamp=said.timestamp if isinstance(said.timestamp, str | int) else event.time,
    )
    if said.type in KINDS:
        return _encoder.encode({**given, **_told(message)})
    kind = event.type.lower().rpartition(".")[2]
    if kind in KINDS - {"track"}:
        message.type = kind
        message.properties, message.traits = ({}, given) if kind == "identify" else (given, {})
        return encode_message(message)
    message.event = name_at_end(event.type) or event.type
    message.properties = given
    return encode_message(message)


def _check(event: CloudEvent) -> None:
    """The four attributes that the specification requires."""
    for name in ("specversion", "id", "source", "type"):
        if not getattr(event, name):
            raise EventRefused(
                "missing_attribute", f"{name} is missing; a CloudEvent has id, source, type, specversion"
            )
    if not event.specversion.startswith("1."):
        raise EventRefused("unknown_version", f"specversion is {event.specversion[:20]!r}; 1.0 is understood")


def _told(message: Message) -> Values:
    """What data in the Segment shape leaves to the event around it."""
    told = {
        "messageId": message.message_id,
        "userId": message.user_id,
        "anonymousId": message.anonymous_id,
        "loyaltyCard": message.loyalty_card,
        "timestamp": message.timestamp,
    }
    return {name: value for name, value in told.items() if value is not None}


def _customer(event: CloudEvent, said: _Data) -> tuple[str | None, str | None, str | None]:
    """User id, anonymous id, loyalty card."""
    user = _text(said.user_id) or _text(event.userid)
    anonymous = _text(said.anonymous_id) or _text(event.anonymousid)
    card = _text(said.loyalty_card) or _text(event.loyaltycard)
    if not (user or anonymous or card):
        user = _text(event.partitionkey) or _text(event.subject)
    return user, anonymous, card


def _id(event: CloudEvent) -> str:
    """Source and id together tell an event apart, says the specification."""
    id_ = f"{event.source}#{event.id}"
    return id_ if len(id_) <= LONGEST else derived_id(event.source, event.id)


def _text(given: object) -> str | None:
    """None for what is no id."""
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        return None
    return str(given)
