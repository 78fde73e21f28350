"""What could not be applied: the raw bytes, where they came from, and why; nothing is dropped silently.

These are the values of the `events.rejected` topic. Once the cause is mended, the raw bytes can be sent again.
"""

from base64 import b64decode, b64encode

import msgspec

from retail.reading import read_json


class Rejected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """raw: the bytes as received, base64. source: `topic/partition/offset`, or `http` and the route.

    reason: a stable code. message: what was wrong, for a reader. at: milliseconds, 0 where only the
    record's own time is known. sender: the id of the API key, never the key. key: of the record that was refused.
    """

    raw: str
    source: str
    reason: str
    message: str = ""
    at: int = 0
    sender: str = ""
    key: bytes = b""

    @classmethod
    def of(cls, raw: bytes, *, source: str, reason: str, message: str = "", key: bytes | None = None) -> "Rejected":
        return cls(raw=b64encode(raw).decode(), source=source, reason=reason, message=message, key=key or b"")

    def raw_bytes(self) -> bytes:
        return b64decode(self.raw)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Rejected)


def encode_rejected(rejected: Rejected) -> bytes:
    return _encoder.encode(rejected)


def decode_rejected(raw: bytes) -> Rejected:
    """Raises msgspec.DecodeError."""
    return read_json(_decoder, raw)
