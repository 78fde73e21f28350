"""What lies in `events.rejected`: which rejects are open, counted, found and filtered.

A reject is told apart by its source, where the event was first: a worker that died may have filed it twice, and one
that was put back and refused again keeps its source. A record without a value is a note: its source was put back. The
note names the reject that was read, since the event may be refused again, behind it, before the note is written.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from retail.rejects import Rejected, decode_rejected
from streams.log_reader import LogReader
from streams.received import Records
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, REJECTED, SOURCES
from streams.topics.provision import partitions_of

PUT_BACK = frozenset({*(topic.name for topic in SOURCES), CUSTOMER_EVENTS.name})
"""Topics that a reject can be put back into."""


class Position(NamedTuple):
    """Where in `events.rejected`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


NOWHERE = Position(0, 0)

PUT_BACK_OFFSET = "put-back-offset"
"""Header of a note: the offset, in its own partition, of the reject that was put back."""


class Filed(NamedTuple):
    """A reject as it lies there. at: when it was filed, milliseconds."""

    position: Position
    at: int
    rejected: Rejected

    @property
    def topic(self) -> str:
        """Where the event was; `http` for what the gateway refused."""
        return topic_of(self.rejected.source)


@dataclass(frozen=True)
class Filter:
    """Each narrows down where it is given. reason: its code. topic: where the event was. since: milliseconds."""

    reason: str = ""
    topic: str = ""
    since: int = 0

    def admits(self, filed: Filed) -> bool:
        if self.reason and filed.rejected.reason != self.reason:
            return False
        if self.topic and filed.topic != self.topic:
            return False
        return filed.at >= self.since


@dataclass
class Heap:
    """Rejects of one reason from one topic. newest: when it was filed, milliseconds. last: where that one lies."""

    reason: str
    topic: str
    count: int = 0
    newest: int = 0
    last: Position = NOWHERE


@dataclass
class Open:
    """Rejects that were not put back, by source: some hundred bytes each, whatever they hold."""

    found: dict[str, tuple[Position, int, str]] = field(default_factory=dict)
    put_back: int = 0
    unreadable: int = 0

    def read(self, records: Records, filter_: Filter) -> None:
        """One partition's records, in order; every source has its rejects in one partition."""
        for record in records:
            if record.value is None:
                self._note(record)
                continue
            filed = filed_of(record)
            if filed is None:
                self.unreadable += 1
            elif filter_.admits(filed):
                self.found[identity(filed)] = filed.position, filed.at, filed.rejected.reason

    def _note(self, note: ConsumerRecord[bytes | None, bytes | None]) -> None:
        """What was refused again after the reject that the note names stays open."""
        source = (note.key or b"").decode(errors="replace")
        if source in self.found and self.found[source][0].offset <= put_back_offset(note):
            del self.found[source]
            self.put_back += 1

    def heaps(self) -> list[Heap]:
        """The largest first."""
        heaps: dict[tuple[str, str], Heap] = {}
        for source, (position, at, reason) in self.found.items():
            topic = topic_of(source)
            heap = heaps.setdefault((reason, topic), Heap(reason, topic))
            heap.count += 1
            if at >= heap.newest:
                heap.newest, heap.last = at, position
        return sorted(heaps.values(), key=lambda heap: (-heap.count, heap.reason, heap.topic))

    def positions(self) -> set[Position]:
        return {position for position, _, _ in self.found.values()}


def filed_of(record: ConsumerRecord[bytes | None, bytes | None]) -> Filed | None:
    """None for bytes that are no reject."""
    try:
        rejected = decode_rejected(record.value or b"")
        rejected.raw_bytes()
    except (msgspec.DecodeError, ValueError):
        return None
    return Filed(Position(record.partition, record.offset), rejected.at or record.timestamp, rejected)


def put_back_offset(note: ConsumerRecord[bytes | None, bytes | None]) -> int:
    """Of the reject that the note is about; a note that names none is about all before it."""
    named = dict(note.headers).get(PUT_BACK_OFFSET) or b""
    return int(named) if named.isdigit() and len(named) <= 19 else note.offset


def identity(filed: Filed) -> str:
    """A source that is a place is there once; a route of the gateway may have refused any number."""
    source = filed.rejected.source
    return source if filed.topic in PUT_BACK else f"{source} {filed.position}"


def topic_of(source: str) -> str:
    """Of `topic/partition/offset` the topic; `http` for a route."""
    topic, *place = source.rsplit("/", 2)
    return topic if len(place) == 2 and topic in PUT_BACK and all(part.isdecimal() for part in place) else "http"


class RejectsLog:
    """`events.rejected`, read from the beginning. Raises PublishFailed where Kafka is down."""

    def __init__(self, settings: Settings) -> None:
        self._reader = LogReader(settings.broker)
        self.partitions = range(partitions_of(REJECTED, settings))

    async def open(self, filter_: Filter) -> Open:
        found = Open()
        for partition in self.partitions:
            async for page in self._reader.read_all(REJECTED.name, partition):
                found.read(page, filter_)
        return found

    async def pages(self, positions: Iterable[Position]) -> AsyncIterator[list[Filed]]:
        """The rejects at these positions, partition by partition, in order."""
        wanted = set(positions)
        for partition in sorted({position.partition for position in wanted}):
            async for page in self._reader.read_all(REJECTED.name, partition):
                there = [record for record in page if Position(partition, record.offset) in wanted]
                found = [filed for record in there if (filed := filed_of(record))]
                if found:
                    yield found

    async def at(self, position: Position) -> Filed | None:
        """The reject at the position; None where there is none (any more)."""
        partition, offset = position
        if partition not in self.partitions:
            return None
        async for page in self._reader.read(REJECTED.name, partition, offset, offset + 1):
            return next((filed_of(record) for record in page if record.offset == offset and record.value), None)
        return None
