"""The message that other formats are turned into: the Segment shape, as JSON, read from there on like everybody's."""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from retail.identifiers import LONGEST

Values = Mapping[str, object]
"""A JSON object of a sender: whatever it says is passed on, and read where a typed event needs it."""


class Message(msgspec.Struct, rename="camel", omit_defaults=True):
    """What a sender told, in our words. timestamp, sent_at: as sent, ISO 8601 or milliseconds."""

    type: str
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    loyalty_card: str | None = None
    event: str | None = None
    name: str | None = None
    timestamp: str | int | None = None
    sent_at: str | int | None = None
    properties: Values = {}
    traits: Values = {}
    context: Values | msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder()


def encode_message(message: Message) -> bytes:
    return _encoder.encode(message)


def derived_id(*parts: str) -> str:
    """The same 32 hexadecimal digits for the same parts, so a sender's retry is recognised."""
    return sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def numbered_id(id_: str | None, number: int) -> str | None:
    """The id of one of the messages that one sent thing becomes; the first keeps the sender's."""
    if not id_ or number == 0:
        return id_
    numbered = f"{id_}.{number}"
    return numbered if len(numbered) <= LONGEST else derived_id(id_, str(number))
