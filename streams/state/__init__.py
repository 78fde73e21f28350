"""The state port: customers, slates, ledger, outbox and inbox of a partition, committed as one.

Adapters: `streams.state.redis` (Redis, Valkey, Redis Cluster by hash tag) and `streams.state.memory` (tests).
One suite runs on both: tests/contract/test_state.py.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

Source = tuple[str, int]
"""A source partition: topic, partition."""


@dataclass(frozen=True)
class Ledger:
    """How far a partition of `customer-events` has been applied.

    next: the first offset not applied. marks: per source partition, the highest source offset applied;
    what arrives at or below it was produced twice. epoch: how often the partition's log began anew, by
    `streams.incarnations`.
    """

    next: int = 0
    marks: Mapping[Source, int] = field(default_factory=dict)
    epoch: int = 0

    @property
    def is_absent(self) -> bool:
        """Whether nothing was ever applied here; after its log began anew a ledger stands at 0, but has its states."""
        return self.next == 0 and self.epoch == 0


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record for Kafka, written with the state and relayed after it.

    value: None stands for the customer's current slate (key is the customer): it is written once, as the
    slate, and a relay that comes late sends the newest.
    """

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Commit:
    """All effects of one partition's micro-batch. Applied whole, or not at all.

    first: the ledger's `next` must be this. next: what it becomes. marks: source marks that moved.
    states, slates: blob by customer id. due: by customer, the moment their first timer is due (milliseconds), or 0
    where they have none any more; who is not named keeps theirs.
    """

    partition: int
    first: int
    next: int
    marks: Mapping[Source, int]
    states: Mapping[str, bytes]
    slates: Mapping[str, bytes]
    outgoing: Sequence[Outgoing] = ()
    due: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Committed:
    """applied: the ledger stood at `first` and has moved. next: where it stands now. outbox: the entry's id, or "".
    fault: why nobody knows whether it was applied, where others of the same call were; then it is not `applied`.

    A commit whose reply was lost and that is done again is refused with the ledger at its own `next`: it was
    applied, or another owner applied the same offsets, which comes to the same. Its outbox entry is in `outbox()`.
    """

    applied: bool
    next: int
    outbox: str = ""
    fault: "StateUnavailable | None" = None


@dataclass(frozen=True)
class OutboxEntry:
    """The outgoing records of one commit."""

    id: str
    outgoing: tuple[Outgoing, ...]


@dataclass(frozen=True)
class InboxMessage:
    """One message in a customer's app inbox. id: increasing per customer, what SSE resumes from."""

    id: str
    decision: str
    payload: bytes


class State(Protocol):
    """What the agents need. Every write is idempotent: a lost reply may be answered by doing it again.

    Infrastructure faults raise `StateUnavailable`; nothing else is raised.
    """

    def place(self, partition: int) -> str:
        """Which server keeps the partition, as far as known: what is there fails together."""
        ...

    def silence(self, partition: int) -> float:
        """Seconds that the partition's server has owed an answer, or only refused; 0 where there is no other server
        that could be gone on with."""
        ...

    async def ledger(self, partition: int) -> Ledger: ...

    async def states(self, partition: int, customers: Sequence[str]) -> list[bytes | None]: ...

    async def states_of(self, wanted: Mapping[int, Sequence[str]]) -> dict[int, list[bytes | None]]:
        """As `states`, of several partitions in one round trip; those of whom nobody is wanted are not there. Raises
        where one of them was not answered."""
        ...

    async def commit(self, commits: Sequence[Commit]) -> list[Committed]:
        """One round trip for all; each atomic by itself. Raises only where none of them was answered."""
        ...

    async def outbox(self, partition: int, limit: int) -> list[OutboxEntry]:
        """Entries not yet relayed, oldest first."""
        ...

    async def slates(self, partition: int, customers: Sequence[str]) -> list[bytes | None]: ...

    async def relayed(self, entries: Mapping[int, Sequence[str]]) -> None:
        """Forgets entries that are in Kafka, by partition; one round trip for all. Raises where one of them was not
        answered."""
        ...

    async def due(self, partitions: Sequence[int], now: int, limit: int) -> list[dict[str, int] | None]:
        """Per partition, whose first timer is due at `now` and since when (milliseconds), the earliest first, `limit`
        at most; one round trip for all. None for those of a server that did not answer; raises only where none did.

        Also by the state's own clock, where it has one: a worker whose clock is ahead finds nothing before its time.
        """
        ...

    async def post(self, partition: int, customer: str, decision: str, payload: bytes) -> bool:
        """Puts a message into the customer's inbox; False where this decision is there already. Wakes listeners."""
        ...

    async def was_posted(self, partition: int, customer: str, decision: str) -> bool:
        """Whether the customer's inbox ever held this decision."""
        ...


class Listener(Protocol):
    """Hears of news in one customer's inbox. Registered when made, so nothing between two waits is missed."""

    async def wait(self, timeout: float) -> bool:
        """True as soon as there may be news, False after `timeout` seconds. Silent while Redis is down: read the
        inbox after a False as well. May be cancelled and called again."""
        ...


class Views(Protocol):
    """What the gateway needs: reads with a deadline. Faults and deadlines raise `StateUnavailable`."""

    async def customer(self, partition: int, customer: str) -> bytes | None:
        """Their state."""
        ...

    async def inbox(self, partition: int, customer: str, after: str, limit: int) -> list[InboxMessage]:
        """Messages after the id (exclusive; "" from the oldest), oldest first. Raises ValueError for what is no id."""
        ...

    def listen(self, partition: int, customer: str) -> AbstractContextManager[Listener]:
        """Wake-ups for a customer's inbox; all listeners of a process share one connection."""
        ...

    async def ping(self) -> None: ...


class StateUnavailable(Exception):
    """Redis did not answer, or not in time. Wait and try again, bounded."""
