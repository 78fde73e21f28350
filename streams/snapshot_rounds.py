"""Writing snapshots: now and then, per owned partition, the states of the customers changed since the last round.

Reads Redis, and after a takeover the log since the last marker, to learn who changed. Writes `customer-snapshots`.
Unhurried: so many customers a second and no more, and none while the journey lags.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import msgspec
import structlog

from streams.faults import Point, reach
from streams.log_reader import LogReader
from streams.meters import Meters
from streams.ownership import Ownership
from streams.patience import DEPENDENCY_DOWN, tell
from streams.received import Records
from streams.relay import BACKLOG
from streams.settings import Settings
from streams.snapshots import MARKER_KEY, ChangedCustomers, Committing, decode_marker, marker_record, state_record
from streams.state import State, StateUnavailable
from streams.stragglers import PATIENCE
from streams.topics import CUSTOMER_EVENTS, CUSTOMER_SNAPSHOTS
from streams.topics.cut import Incarnation
from streams.topics.fenced import FencedPartition, FencedTopic

PAGE = 500
"""Customers written at once, about 1 MB."""

RATE = 1_000
"""Customers written a second, each some 15 us of a worker: below 2 % of it."""

LOOKS = 50
"""Looks for a partition that is due, per interval; at least one a second is enough."""

RELAY_PATIENCE = 30.0
"""Seconds a round waits for the outbox to reach Kafka before it is given up until the next."""

LAG_HOLDS = 5.0
"""Seconds for which a lag that was reported is believed: a partition where nothing happens any more reports none."""

log = structlog.get_logger()


class _Whose(msgspec.Struct, gc=False):
    """All that is read of an event to learn whom it changed."""

    customer: str = ""


_whose = msgspec.json.Decoder(_Whose)


class Superseded(Exception):
    """The partition was lost during the round; whoever owns it now writes the next."""


@dataclass(frozen=True)
class Pace:
    """every: seconds between two rounds of a partition, 0 for none. lag: seconds of lag beyond which none begins.

    rate: customers written a second.
    """

    every: float
    lag: float
    rate: float = RATE


@dataclass(frozen=True)
class SnapshotTopic:
    """Both ways to the topic, and which incarnation of `customer-events` it speaks of."""

    writer: FencedTopic
    reader: LogReader
    incarnation: Callable[[], Awaitable[str]]

    async def marked(self, partition: int) -> int:
        """The `next` of the newest marker, 0 where there is none of this incarnation."""
        record = await self.reader.newest(CUSTOMER_SNAPSHOTS.name, partition, MARKER_KEY)
        if record is None or record.value is None:
            return 0
        marker = decode_marker(record.value)
        return marker.next if marker.incarnation == await self.incarnation() else 0


class Round(NamedTuple):
    """next: where the ledger stood when it began, which its marker promises."""

    pages: FencedPartition
    next: int
    incarnation: str


@dataclass
class SnapshotRounds:
    """The journey tells what it committed; `run` does the rest."""

    state: State
    topic: SnapshotTopic
    owned: Ownership
    pace: Pace
    meters: Meters
    _changed: ChangedCustomers = field(default_factory=ChangedCustomers)
    _marked: dict[int, int] = field(default_factory=dict)
    _lag: dict[int, tuple[float, float]] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: Settings, state: State, owned: Ownership, meters: Meters) -> "SnapshotRounds":
        topic = SnapshotTopic(
            FencedTopic(settings.broker, settings.group, CUSTOMER_SNAPSHOTS.name, settings.idempotent_producer),
            LogReader(settings.broker),
            Incarnation(settings.broker, CUSTOMER_EVENTS.name).id,
        )
        return cls(state, topic, owned, Pace(settings.snapshot_minutes * 60, settings.slate_lag_budget), meters)

    def committed(self, commit: Committing, lag: float) -> None:
        """lag: seconds."""
        if self.pace.every:
            self._changed.committed(commit)
            self._lag[commit.partition] = (lag, time.monotonic())

    async def run(self) -> None:
        """Until cancelled; returns at once where no snapshots are wanted."""
        while self.pace.every:
            await asyncio.sleep(min(1.0, self.pace.every / LOOKS))
            for partition in self._due_now():
                await self._try(partition)
                self._due[partition] = time.monotonic() + self.pace.every

    def _due_now(self) -> list[int]:
        """Spread over the interval, so that the partitions of a worker do not come all at once. What a server keeps
        that hangs is not asked for, or the others would wait for it one timeout after another."""
        now, owned = time.monotonic(), sorted(self.owned.known())
        self._forget(set(self._due) - set(owned))
        for place, partition in enumerate(owned, start=1):
            self._due.setdefault(partition, now + self.pace.every * place / len(owned))
        if any(lag > self.pace.lag and now - when < LAG_HOLDS for lag, when in self._lag.values()):
            return []
        return [p for p in owned if self._due[p] <= now and self.state.silence(p) <= PATIENCE]

    def _forget(self, lost: Iterable[int]) -> None:
        self._changed.forget(lost)
        for partition in lost:
            self._lag.pop(partition, None)
            self._due.pop(partition, None)
            self._marked.pop(partition, None)

    async def _try(self, partition: int) -> None:
        started = time.monotonic()
        try:
            customers = await self.round(partition)
        except Superseded:
            return
        except DEPENDENCY_DOWN as fault:
            log.warning("a snapshot waits for a dependency", partition=partition, fault=str(fault))
        except Exception as fault:  # noqa: BLE001 - without a snapshot the log is longer; without the worker nothing goes on
            tell("snapshot", fault)
        else:
            if not customers:
                return
            seconds = round(time.monotonic() - started, 2)
            log.info("snapshot written", partition=partition, customers=customers, seconds=seconds)

    async def round(self, partition: int) -> int:
        """One round; the customers written. Raises Superseded, StateUnavailable, PublishFailed."""
        ledger = self.owned.ledger(partition)
        if ledger is not None and self._marked.get(partition, 0) == ledger.next:
            return 0
        async with self.topic.writer.open(partition) as pages:
            ledger = self.owned.ledger(partition)
            if ledger is None:
                raise Superseded
            # From here to the end of `take` nothing else may run: who changed must match where the ledger stands.
            changed = self._changed.take(partition, ledger.next)
            marked = await self.topic.marked(partition)
            if marked >= ledger.next:
                self._marked[partition] = ledger.next
                return 0
            incarnation = await self.topic.incarnation()
            round_ = Round(pages, ledger.next, incarnation)
            written = await self._write(round_, changed.customers)
            async for customers in self._from_log(partition, marked, changed.since):
                written += await self._write(round_, customers)
            await self._stands(partition, ledger.next)
            reach(Point.SNAPSHOT_BEFORE_MARKER)
            await pages.write([marker_record(ledger, incarnation)])
        self._marked[partition] = ledger.next
        self.meters.snapshot(partition, written)
        return written

    async def _from_log(self, partition: int, first: int, until: int) -> AsyncIterator[set[str]]:
        """Whom the records of [first, until) may have changed, some thousands at a time."""
        if first >= until:
            return
        customers: set[str] = set()
        async for page in self.topic.reader.read(CUSTOMER_EVENTS.name, partition, first, until):
            customers |= _customers(page)
            if len(customers) >= 10 * PAGE:
                yield customers
                customers = set()
        yield customers

    async def _write(self, round_: Round, customers: Iterable[str]) -> int:
        left = iter(customers)
        written = 0
        while page := list(islice(left, PAGE)):
            written += await self._write_page(round_, page)
            await asyncio.sleep(len(page) / self.pace.rate)
        return written

    async def _write_page(self, round_: Round, customers: list[str]) -> int:
        partition = round_.pages.partition
        if self.owned.ledger(partition) is None:
            raise Superseded
        await self._stands(partition, round_.next)
        blobs = await self.state.states(partition, customers)
        await self._stands(partition, round_.next)
        await self._relayed(partition)
        found = [
            state_record(customer, blob, round_.incarnation)
            for customer, blob in zip(customers, blobs, strict=True)
            if blob is not None
        ]
        await round_.pages.write(found)
        return len(found)

    async def _stands(self, partition: int, promised: int) -> None:
        """A Redis that was emptied or set back, and is not repaired yet, holds less than the marker would promise: what
        is restored from it would be lost. Looked at on both sides of a read. Raises StateUnavailable."""
        stands = (await self.state.ledger(partition)).next
        if stands < promised:
            raise StateUnavailable(f"the ledger of partition {partition} stands at {stands}, not at {promised}")

    async def _relayed(self, partition: int) -> None:
        """Until what the states just read gave rise to is in Kafka: who restores them will not derive it again."""
        waiting = await self._outbox(partition)
        deadline = time.monotonic() + RELAY_PATIENCE
        while waiting and waiting & await self._outbox(partition):
            if time.monotonic() > deadline:
                raise StateUnavailable(f"the outbox of partition {partition} does not empty")
            await asyncio.sleep(0.05)

    async def _outbox(self, partition: int) -> set[str]:
        return {entry.id for entry in await self.state.outbox(partition, BACKLOG)}


def _customers(page: Records) -> set[str]:
    found: set[str] = set()
    for record in page:
        try:
            found.add(_whose.decode(record.value or b"").customer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    found.discard("")
    return found
