"""Snapshots: what lies in the topic `customer-snapshots`, to restore a partition from without its whole log.

Per customer the newest state that was written down, and per partition a marker. The states are read one by one while
commits go on, so they are of different moments, each at least as new as the marker. That is exact all the same: every
state says up to which offset it was `applied`, and when the log is replayed from the marker on, a customer's events up
to there are left out (`streams.microbatch`). Whatever those events gave rise to was in Kafka before the state was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from streams.state import Ledger, Source
from streams.topics import CUSTOMER_SNAPSHOTS
from streams.topics.records import Headers, Record

MARKER_KEY = b"\x00marker"
"""No customer's: ids hold no control characters."""

INCARNATION = "log"
"""Header of a state: by what name its `applied` counts (see `short`)."""

CHANGED_LIMIT = 200_000
"""Customers remembered as changed per partition, about 20 MB; of more, the log tells who they were."""


class Marker(msgspec.Struct, frozen=True, gc=False):
    """Written after the states of a round: every state in the topic holds all events below `next`, at least.

    marks: the ledger's at `next`, by `topic/partition`. incarnation: the id of the `customer-events` topic whose
    offsets these are, "" where the broker has none.
    """

    next: int
    marks: dict[str, int]
    incarnation: str = ""

    def ledger(self) -> Ledger:
        return Ledger(self.next, {_source(name): offset for name, offset in self.marks.items()})


class UnreadableMarker(Exception):
    """The marker of a partition was written by something else, or by a newer version."""


def restored_mark(partition: int) -> Source:
    """The mark under which a ledger remembers up to which offset a restored state may already hold its events."""
    return CUSTOMER_SNAPSHOTS.name, partition


def marker_record(ledger: Ledger, incarnation: str) -> Record:
    marks = {f"{topic}/{partition}": offset for (topic, partition), offset in ledger.marks.items()}
    value = msgspec.json.encode(Marker(ledger.next, marks, incarnation))
    return Record(CUSTOMER_SNAPSHOTS.name, MARKER_KEY, value)


def state_record(customer: str, blob: bytes, incarnation: str) -> Record:
    header = (INCARNATION, short(incarnation))
    return Record(CUSTOMER_SNAPSHOTS.name, customer.encode(), blob, (header,))


def decode_marker(raw: bytes) -> Marker:
    """Raises UnreadableMarker."""
    try:
        return msgspec.json.decode(raw, type=Marker)
    except msgspec.DecodeError as fault:
        raise UnreadableMarker(f"a marker in {CUSTOMER_SNAPSHOTS.name} cannot be read: {fault}") from fault


def short(incarnation: str) -> bytes:
    """Enough of an incarnation's id to tell it from the one before."""
    return incarnation[:8].encode()


def incarnation_of(headers: Headers) -> bytes:
    return next((value or b"" for name, value in headers if name == INCARNATION), b"")


def _source(name: str) -> Source:
    topic, _, partition = name.rpartition("/")
    return topic, int(partition)


@dataclass
class Changed:
    """Customers of one partition changed by offsets of [since, next)."""

    since: int
    next: int
    customers: set[str] = field(default_factory=set)


class Committing(Protocol):
    """What is used of a commit."""

    @property
    def partition(self) -> int: ...
    @property
    def first(self) -> int: ...
    @property
    def next(self) -> int: ...
    @property
    def states(self) -> Mapping[str, bytes]: ...


@dataclass
class ChangedCustomers:
    """Who changed, per partition, as far back as our own commits follow each other without a gap."""

    limit: int = CHANGED_LIMIT
    _partitions: dict[int, Changed] = field(default_factory=dict)

    def committed(self, commit: Committing) -> None:
        changed = self._partitions.get(commit.partition)
        if changed is None or changed.next != commit.first or len(changed.customers) >= self.limit:
            changed = self._partitions[commit.partition] = Changed(commit.first, commit.first)
        changed.next = commit.next
        changed.customers.update(commit.states)

    def take(self, partition: int, stands: int) -> Changed:
        """Those up to the ledger's `stands`, no longer remembered; of before `since` the log must be asked."""
        changed = self._partitions.pop(partition, None)
        return changed if changed is not None and changed.next == stands else Changed(stands, stands)

    def forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._partitions.pop(partition, None)
