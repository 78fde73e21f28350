"""The outbox relay: what was committed with the state goes to Kafka, then is forgotten.

Reads the outbox of the partitions this worker owns. Writes `recommendations`, `promotions`, `journeys`, `identities`,
`events.rejected`, and letters to other profiles into `customer-events`: those are known by their origin, so the order
of a partition's entries must be kept (`streams.journey` sends none while an older one may lie in the outbox). Entries
normally come straight from the commit; those a dead worker or a lost reply left behind are read from Redis. Every
record carries an id of its own business, so a reader may see it twice and know.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from streams.faults import Point, reach
from streams.patience import patiently, publish_patiently, steadily
from streams.shares import by_place
from streams.state import Outgoing, State
from streams.stragglers import PATIENCE
from streams.topics.pace import Pace
from streams.topics.publisher import Publisher, Record

WAITING = 256
"""Entries that may wait; a journey that is further ahead waits for Kafka instead of growing."""

BACKLOG = 1000
"""Outbox entries looked at after a takeover: a worker leaves at most what waits and what is being produced, twice
WAITING, since it stops applying events while that much waits."""

PACE = 0.1
"""Seconds between the beginnings of two rounds at least: nobody waits here as for a slate, a push has a second, and a
round costs as much as ten events."""


@dataclass(frozen=True)
class Pending:
    """An outbox entry on its way. outgoing: every value filled in."""

    partition: int
    entry: str
    outgoing: Sequence[Outgoing]


@dataclass
class Relay:
    state: State
    publisher: Publisher
    _queue: asyncio.Queue[Pending] = field(default_factory=lambda: asyncio.Queue(WAITING))
    _under_way: set[tuple[int, str]] = field(default_factory=set)
    _pace: Pace = field(default_factory=partial(Pace, PACE))
    _late: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def send(self, pending: Pending) -> None:
        """Waits while too much waits already. An entry that is under way is not sent again."""
        place = pending.partition, pending.entry
        if place not in self._under_way:
            self._under_way.add(place)
            try:
                await self._queue.put(pending)
            except BaseException:
                self._under_way.discard(place)
                raise

    def depths(self) -> Counter[int]:
        """Entries that are not in Kafka yet, by partition."""
        return Counter(partition for partition, _ in list(self._under_way))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pending = [await self._queue.get()]
            await self._pace.turn()
            while not self._queue.empty():
                pending.append(self._queue.get_nowait())
            await steadily("relay", self._relay, pending)

    async def recover(self, partitions: Iterable[int]) -> None:
        """Queues what the outboxes of these partitions still hold and is not under way."""
        for partition in partitions:
            for entry in await patiently("outbox", self.state.outbox, partition, BACKLOG):
                if (partition, entry.id) in self._under_way:
                    continue
                outgoing = await self._fill(partition, entry.outgoing)
                await self.send(Pending(partition, entry.id, outgoing))

    async def _fill(self, partition: int, outgoing: Sequence[Outgoing]) -> list[Outgoing]:
        """Puts the current slates where the entry only names them; a slate that expired is left out."""
        customers = [record.key.decode() for record in outgoing if record.value is None]
        slates = await patiently("slates", self.state.slates, partition, customers) if customers else []
        current = dict(zip(customers, slates, strict=True))
        filled = [
            record if record.value is not None else Outgoing(record.topic, record.key, current[record.key.decode()])
            for record in outgoing
        ]
        return [record for record in filled if record.value is not None]

    async def _relay(self, pending: Sequence[Pending]) -> None:
        records = [
            Record(record.topic, record.key, record.value, record.headers)
            for entry in pending
            for record in entry.outgoing
            if record.value is not None
        ]
        reach(Point.RELAY_BEFORE_PUBLISH)
        await publish_patiently("relay", self.publisher, records)
        reach(Point.RELAY_BEFORE_FORGETTING)
        entries: dict[int, list[str]] = defaultdict(list)
        for entry in pending:
            entries[entry.partition].append(entry.entry)
        await self._forget_all(entries)

    async def _forget_all(self, entries: Mapping[int, Sequence[str]]) -> None:
        """A server that hangs is not waited for: what it keeps is forgotten later, the next round goes on."""
        shares = by_place(entries, self.state.place)
        forgetting = [asyncio.ensure_future(self._forget({p: entries[p] for p in share})) for share in shares]
        _, late = await asyncio.wait(forgetting, timeout=PATIENCE)
        for task in late:
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _forget(self, entries: Mapping[int, Sequence[str]]) -> None:
        await steadily("relayed", self.state.relayed, entries)
        self._under_way.difference_update((partition, entry) for partition, ids in entries.items() for entry in ids)
