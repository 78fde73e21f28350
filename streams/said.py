"""What the output topics say already, so that a replay of a long log does not say all of it again.

Every reader knows what comes twice by its id; this spares them the flood. Nothing is left out that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from streams.log_reader import LogReader
from streams.origin import read_origin
from streams.state import Source
from streams.topics import CUSTOMER_EVENTS, IDENTITIES, JOURNEYS, OUTCOMES, PROMOTIONS, REJECTED
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record

HASH_BYTES = 8
"""Of an id: with ten million of them, one in two million is taken for another."""


class _Named(msgspec.Struct, gc=False):
    """All that is read of a value to know it again."""

    id: str = ""


_named = msgspec.json.Decoder(_Named)


@dataclass
class Said:
    """What the topics hold of one partition's customers; of rejects, all.

    Of letters into a partition of `customer-events` (`streams.letters`) the newest from each partition is known: they
    come in order, so all before it are there.
    """

    _said: set[int] = field(default_factory=set)
    _rejected: set[int] = field(default_factory=set)
    _letters: dict[tuple[int, Source], int] = field(default_factory=dict)
    _partitions: int = 1

    async def read_rejects(self, reader: LogReader, partitions: int) -> None:
        for partition in range(partitions):
            async for page in reader.read_all(REJECTED.name, partition):
                self._rejected.update(_known(REJECTED.name, r.key or b"", r.value or b"") for r in page)

    async def read_letters(self, reader: LogReader, partitions: int) -> None:
        """partitions: of `customer-events`."""
        self._partitions = partitions
        for partition in range(partitions):
            async for page in reader.read_all(CUSTOMER_EVENTS.name, partition):
                for record in page:
                    origin = read_origin(record.headers)
                    if origin is not None and origin.source is not None:
                        self._letters[partition, origin.source] = origin.offset

    async def read(self, reader: LogReader, partition: int) -> None:
        """Replaces what was read of another partition. Raises PublishFailed."""
        self._said.clear()
        for topic in (PROMOTIONS.name, JOURNEYS.name, IDENTITIES.name, OUTCOMES.name):
            async for page in reader.read_all(topic, partition):
                self._said.update(_known(topic, record.key or b"", record.value or b"") for record in page)

    def holds(self, record: Record) -> bool:
        if record.topic == CUSTOMER_EVENTS.name:
            return self._arrived(record)
        known = _known(record.topic, record.key, record.value or b"")
        return known in self._said or known in self._rejected

    def _arrived(self, record: Record) -> bool:
        origin = read_origin(record.headers)
        if origin is None or origin.source is None:
            return False
        place = partition_of(record.key, self._partitions)
        return origin.offset <= self._letters.get((place, origin.source), -1)


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
