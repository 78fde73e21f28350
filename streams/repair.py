"""Closing a hole in a ledger: from the newest snapshot where the log does not reach back, else from the log alone.

What neither holds is gone. It cannot be mended here, so it must be known: the range goes to `events.rejected`, into
the metrics and the log of the worker, and processing goes on behind it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from retail.rejects import Rejected, encode_rejected
from streams import restore
from streams.faults import Point, reach
from streams.log_reader import LogReader
from streams.meters import Meters
from streams.ownership import Ownership
from streams.received import Records
from streams.records import Progress
from streams.restore import Restore
from streams.settings import Settings
from streams.state import Commit, Ledger, Outgoing, State, StateUnavailable
from streams.topics import CUSTOMER_EVENTS, REJECTED
from streams.topics.cut import Incarnation

TELL_EVERY = 5.0
"""Seconds between two lines in the log about a repair that takes longer."""

GONE = "gone_from_log"
"""Reason of a reject that stands for a range of events nobody has any more."""

Advance = Callable[[Mapping[int, Records]], Awaitable[list[int]]]
"""Applies records that follow the ledgers; returns the partitions whose commit was refused or is in doubt."""

log = structlog.get_logger()


class Observer(restore.Observer, Protocol):
    """Is told how far a repair is, often."""

    def hole(self, partition: int, first: int, until: int) -> None: ...

    def replayed(self, partition: int, records: int, next_: int, until: int) -> None:
        """records: just now. next_: where the ledger stands."""
        ...

    def gone(self, partition: int, first: int, until: int) -> None: ...


@dataclass
class Told:
    """Repairs of a worker: counted, logged now and then, and a sign of life to its watchdog."""

    meters: Meters
    progress: Progress
    _told: float = field(default_factory=time.monotonic)

    def hole(self, partition: int, first: int, until: int) -> None:
        self.meters.hole(partition)
        log.warning("hole in the ledger", partition=partition, first=first, until=until)

    def restored(self, partition: int, states: int) -> None:
        self._tell("restoring from the snapshot", partition=partition, states=states)

    def replayed(self, partition: int, records: int, next_: int, until: int) -> None:
        self.meters.repaired(partition, "read again", records)
        self._tell("reading the log again", partition=partition, next=next_, until=until)

    def gone(self, partition: int, first: int, until: int) -> None:
        self.meters.repaired(partition, "gone", until - first)
        log.error("records are gone from the log", partition=partition, first=first, until=until)

    def _tell(self, what: str, **figures: int) -> None:
        self.progress.sign(CUSTOMER_EVENTS.name)
        if time.monotonic() - self._told > TELL_EVERY:
            self._told = time.monotonic()
            log.info(what, **figures)


@dataclass(frozen=True)
class Repair:
    """Of the partitions that `owned` holds. restore: None leaves snapshots alone."""

    state: State
    reader: LogReader
    restore: Restore | None
    owned: Ownership
    observer: Observer

    @classmethod
    def from_settings(cls, settings: Settings, state: State, owned: Ownership, observer: Observer) -> "Repair":
        """The same for a worker and for `caudal rebuild`."""
        reader = LogReader(settings.broker, settings.fetch_records)
        restore = Restore(state, reader, Incarnation(settings.broker, CUSTOMER_EVENTS.name).id)
        return cls(state, reader, restore, owned, observer)

    def is_due(self, partition: int, until: int) -> bool:
        """Whether something lies before `until`, or may lie in a snapshot. Raises NotOwned."""
        ledger = self.owned.taken(partition)
        return ledger.next < until or ledger.is_absent

    async def close(self, partition: int, until: int, advance: Advance) -> bool:
        """Returns with the ledger at `until`, or where the log ends before it; whether there was anything to do.

        Raises StateUnavailable also where the ledger was moved by another, NotOwned.
        """
        if not self.is_due(partition, until):
            return False
        first = self._stands(partition)
        if self.owned.taken(partition).is_absent:
            await self._restore(partition, first)
        if self._stands(partition) < until:
            await self._replay(partition, until, await self._reach_back(partition, until), advance)
        return True

    def _stands(self, partition: int) -> int:
        return self.owned.taken(partition).next

    async def _reach_back(self, partition: int, until: int) -> int:
        """Where the log begins. A ledger before it goes on from the snapshot, if there is one."""
        first = self._stands(partition)
        beginning, _ = await self.reader.bounds(CUSTOMER_EVENTS.name, partition)
        self.observer.hole(partition, first, until)
        if 0 < first < beginning:
            await self._restore(partition, first)
        return beginning

    async def _restore(self, partition: int, stands: int) -> None:
        if self.restore is not None and await self.restore.restore(partition, stands, self.observer):
            ledger = await self._take_again(partition)
            log.info("partition restored from its snapshot", partition=partition, next=ledger.next)

    async def _replay(self, partition: int, until: int, beginning: int, advance: Advance) -> None:
        if self._stands(partition) < min(beginning, until):
            await self._pass_over(partition, min(beginning, until))
        first, read = self._stands(partition), 0
        async for page in self.reader.read(CUSTOMER_EVENTS.name, partition, first, until):
            reach(Point.JOURNEY_IN_REPAIR)
            if await advance({partition: page}):
                raise StateUnavailable(f"the ledger of partition {partition} moved during a repair")
            read += len(page)
            self.observer.replayed(partition, len(page), page[-1].offset + 1, until)
        log.info("hole closed", partition=partition, first=first, until=until, read=read)

    async def _pass_over(self, partition: int, until: int) -> None:
        """What lies before the log's beginning is gone: the ledger moves past it, and the range is told."""
        ledger = self.owned.taken(partition)
        commit = Commit(partition, ledger.next, until, {}, {}, {}, [_gone(partition, ledger.next, until)])
        [committed] = await self.state.commit([commit])
        if not committed.applied:
            raise StateUnavailable(f"the ledger of partition {partition} moved during a repair")
        await self._take_again(partition)
        self.observer.gone(partition, ledger.next, until)

    async def _take_again(self, partition: int) -> Ledger:
        """Raises NotOwned where the partition was lost meanwhile."""
        ledger = await self.state.ledger(partition)
        self.owned.taken(partition)
        self.owned.took(partition, ledger)
        return ledger


def _gone(partition: int, first: int, until: int) -> Outgoing:
    source = f"{CUSTOMER_EVENTS.name}/{partition}/{first}"
    message = f"offsets {first} to {until - 1} were deleted by retention before they were applied"
    rejected = Rejected.of(b"", source=source, reason=GONE, message=message)
    return Outgoing(REJECTED.name, source.encode(), encode_rejected(rejected))
