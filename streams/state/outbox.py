"""How the outgoing records of one commit are written: one compact msgpack value, topics named once."""

from collections.abc import Sequence

import msgspec

from streams.state import Outgoing


class _Written(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """topics: named once. records: index into topics, key, value. headers: of those records that have some, by place.

    An entry of an older version has no `headers`, and one without any is written as before.
    """

    topics: list[str]
    records: list[tuple[int, bytes, bytes | None]]
    headers: dict[int, tuple[tuple[str, bytes], ...]] = {}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Written)


def encode_outgoing(outgoing: Sequence[Outgoing]) -> bytes:
    """b"" where there is none."""
    if not outgoing:
        return b""
    topics = list(dict.fromkeys(record.topic for record in outgoing))
    number = {topic: index for index, topic in enumerate(topics)}
    headers = {place: record.headers for place, record in enumerate(outgoing) if record.headers}
    return _encoder.encode(_Written(topics, [(number[r.topic], r.key, r.value) for r in outgoing], headers))


def decode_outgoing(raw: bytes) -> tuple[Outgoing, ...]:
    """Raises msgspec.DecodeError."""
    written = _decoder.decode(raw)
    return tuple(
        Outgoing(written.topics[topic], key, value, written.headers.get(place, ()))
        for place, (topic, key, value) in enumerate(written.records)
    )
