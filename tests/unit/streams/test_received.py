"""What is taken out of a fetch is what the client itself would have taken, with less made of each record."""

from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as some

from streams.received import BareResults, Received

PLACE = TopicPartition("web", 0)


@dataclass
class Place:
    """The client's record of a partition."""

    position: int
    paused: bool = False

    def consumed_to(self, position: int) -> None:
        self.position = position


@dataclass
class Assigned:
    place: Place
    active: bool = True

    def state_value(self, _: TopicPartition) -> Place:
        return self.place


@dataclass
class Taking:
    """A fetch that begins at an offset, and what was taken of it so far. bare: by us, not by the client."""

    raw: bytes
    first: int
    bare: bool
    seen: list[Any] = field(default_factory=list)

    def take(self, each: list[int]) -> list[Any]:
        held: dict[TopicPartition, Any] = BareResults() if self.bare else {}
        place = Place(self.first)
        unpacked = PartitionRecords(PLACE, MemoryRecords(self.raw), [], self.first, None, None, True, 1)
        held[PLACE] = FetchResult(PLACE, assignment=Assigned(place), partition_records=unpacked, backoff=0)
        for most in each:
            records = held[PLACE].getall(most)
            self.seen.append((list(map(told, records)), place.position, held[PLACE].has_more()))
            if not held[PLACE].has_more():
                return self.seen
        place.paused = True
        self.seen.append(held[PLACE].getall(1))
        return self.seen


def told(record: Received) -> tuple[Any, ...]:
    return record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


def log_of(batches: list[int]) -> bytes:
    """Batches of so many records, end to end, as a broker sends them; after each an offset is missing."""
    raw, offset = b"", 0
    for count in batches:
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
        for n in range(count):
            builder.append(n, timestamp=1000 + n, key=b"ana", value=b"%d" % n, headers=[("origin", b"web/0/%d" % n)])
        batch = builder.build()
        batch[:8] = offset.to_bytes(8, "big")
        raw, offset = raw + bytes(batch), offset + count + 1
    return raw


@given(
    some.lists(some.integers(1, 9), min_size=1, max_size=4),
    some.integers(0, 12),
    some.lists(some.integers(1, 12), max_size=6),
)
def test_what_is_taken_is_what_the_client_would_have_taken(batches: list[int], first: int, each: list[int]) -> None:
    raw = log_of(batches)
    assert Taking(raw, first, bare=True).take(each) == Taking(raw, first, bare=False).take(each)
