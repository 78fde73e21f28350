"""What the output topics say already, so that a replay of a long log does not say all of it again.

Every reader knows what comes twice by its id; this spares them the flood. Nothing is left out that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from streams.log_reader import LogReader
from streams.topics import JOURNEYS, PROMOTIONS, REJECTED
from streams.topics.publisher import Publisher, Record

HASH_BYTES = 8
"""Of an id: with ten million of them, one in two million is taken for another."""


class _Named(msgspec.Struct, gc=False):
    """All that is read of a value to know it again."""

    id: str = ""


_named = msgspec.json.Decoder(_Named)


@dataclass
class Said:
    """What the topics hold of one partition's customers; of rejects, all."""

    _said: set[int] = field(default_factory=set)
    _rejected: set[int] = field(default_factory=set)

    async def read_rejects(self, reader: LogReader, partitions: int) -> None:
        for partition in range(partitions):
            async for page in reader.read_all(REJECTED.name, partition):
                self._rejected.update(_known(REJECTED.name, r.key or b"", r.value or b"") for r in page)

    async def read(self, reader: LogReader, partition: int) -> None:
        """Replaces what was read of another partition. Raises PublishFailed."""
        self._said.clear()
        for topic in (PROMOTIONS.name, JOURNEYS.name):
            async for page in reader.read_all(topic, partition):
                self._said.update(_known(topic, record.key or b"", record.value or b"") for record in page)

    def holds(self, record: Record) -> bool:
        known = _known(record.topic, record.key, record.value or b"")
        return known in self._said or known in self._rejected


class SparingPublisher(Publisher):
    """Publishes what is not there yet."""

    def __init__(self, broker: str, said: Said, *, idempotent: bool = True) -> None:
        super().__init__(broker, idempotent=idempotent)
        self._said = said

    async def publish(self, records: Sequence[Record], timeout: float) -> None:
        await super().publish([record for record in records if not self._said.holds(record)], timeout)


def _known(topic: str, key: bytes, value: bytes) -> int:
    """A reject is known by where it came from, all else by its id, or by its bytes where it has none."""
    name = key if topic == REJECTED.name else _id(value)
    return int.from_bytes(blake2b(b"%b/%b" % (topic.encode(), name), digest_size=HASH_BYTES).digest())


def _id(value: bytes) -> bytes:
    try:
        return _named.decode(value).id.encode() or value
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value
