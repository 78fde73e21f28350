"""How the outgoing records of one commit are written: one compact msgpack value, topics named once."""

from collections.abc import Sequence

import msgspec

from streams.state import Outgoing


class _Written(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """topics: named once. records: index into topics, key, value."""

    topics: list[str]
    records: list[tuple[int, bytes, bytes | None]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Written)


def encode_outgoing(outgoing: Sequence[Outgoing]) -> bytes:
    """b"" where there is none."""
    if not outgoing:
        return b""
    topics = list(dict.fromkeys(record.topic for record in outgoing))
    number = {topic: index for index, topic in enumerate(topics)}
    return _encoder.encode(_Written(topics, [(number[r.topic], r.key, r.value) for r in outgoing]))


def decode_outgoing(raw: bytes) -> tuple[Outgoing, ...]:
    """Raises msgspec.DecodeError."""
    written = _decoder.decode(raw)
    return tuple(Outgoing(written.topics[topic], key, value) for topic, key, value in written.records)
