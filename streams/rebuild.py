"""Rebuilding the state of partitions with all workers stopped: the same repair, fold and commit as in a worker.

Reads `customer-snapshots`, `customer-events` and, to say nothing twice, the topics that the outbox goes to. Writes
Redis and what those topics lack. It may be interrupted at any moment and goes on where it was when it is run again.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from retail.reference import Reference
from streams import faults
from streams.incarnations import Topics, UnfitTopics, refuse_members
from streams.journey import Deciding, Journey
from streams.log_reader import LogReader
from streams.meters import Meters
from streams.microbatch import World
from streams.ownership import Ownership
from streams.patience import patiently
from streams.records import Progress
from streams.relay import Relay
from streams.repair import Repair
from streams.said import Said, SparingPublisher
from streams.settings import Settings
from streams.shedding import Shedding, Slates
from streams.snapshot_rounds import SnapshotRounds
from streams.state.incarnations import Incarnations
from streams.state.models import ModelShelf
from streams.state.redis import RedisState
from streams.state.wipe import wipe
from streams.topics import CUSTOMER_EVENTS
from streams.topics.cut import TopicsAtBroker
from streams.topics.follower import Follower

RELAY_LOOK = 0.05
"""Seconds between two looks at whether the outbox is empty."""


@dataclass(frozen=True)
class Plan:
    """partitions: which, none for all. from_scratch: forgets their state first. from_log: leaves snapshots alone."""

    partitions: Sequence[int] = ()
    from_scratch: bool = False
    from_log: bool = False


@dataclass
class Rebuilt:
    """What became of one partition. first: where its ledger stood. snapshot: states restored. read: records of the log.

    gone: records that neither holds. until: where the ledger stands now.
    """

    partition: int
    first: int
    until: int
    snapshot: int = 0
    read: int = 0
    gone: int = 0
    seconds: float = 0.0


@dataclass
class Tally:
    """Counts repairs. progress: is told records done so far of all partitions, and what is going on."""

    progress: Callable[[int, str], None]
    rebuilt: dict[int, Rebuilt] = field(default_factory=dict)
    done: int = 0

    def hole(self, partition: int, first: int, until: int) -> None:
        self._stands(partition, first)

    def restored(self, partition: int, states: int) -> None:
        self.rebuilt[partition].snapshot = states
        self.progress(self.done, f"partition {partition}: {states:,} states from the snapshot")

    def replayed(self, partition: int, records: int, next_: int, until: int) -> None:
        self.rebuilt[partition].read += records
        self._stands(partition, next_)

    def gone(self, partition: int, first: int, until: int) -> None:
        self.rebuilt[partition].gone += until - first
        self._stands(partition, until)

    def _stands(self, partition: int, next_: int) -> None:
        rebuilt = self.rebuilt[partition]
        self.done += next_ - rebuilt.until
        rebuilt.until = next_
        self.progress(self.done, f"partition {partition}")


@dataclass(frozen=True)
class Rebuild:
    """Everything it takes, connected."""

    settings: Settings
    state: RedisState
    journey: Journey
    reader: LogReader
    said: Said
    tally: Tally

    async def run(self, plan: Plan, started: Callable[[int], None]) -> list[Rebuilt]:
        """started: is told how many records there are to do. Raises UnfitTopics, PublishFailed, StateUnavailable."""
        partitions = sorted(set(plan.partitions)) or list(range(self.settings.customer_partitions))
        if plan.from_scratch:
            await patiently("redis", wipe, self.state.calls, partitions)
        ends = {partition: await self._end(partition) for partition in partitions}
        for partition in partitions:
            ledger = await patiently("redis", self.state.ledger, partition)
            if ledger.next > ends[partition]:
                raise UnfitTopics(_beyond(partition, ledger.next, ends[partition]))
            self.tally.rebuilt[partition] = Rebuilt(partition, ledger.next, ledger.next)
        started(sum(ends[partition] - rebuilt.first for partition, rebuilt in self.tally.rebuilt.items()))
        await self.said.read_rejects(self.reader, self.settings.channel_partitions)
        await self.said.read_letters(self.reader, self.settings.customer_partitions)
        return [await self._rebuild(partition, ends[partition]) for partition in partitions]

    async def _end(self, partition: int) -> int:
        return await patiently("kafka", self.reader.end, CUSTOMER_EVENTS.name, partition)

    async def _rebuild(self, partition: int, end: int) -> Rebuilt:
        began = time.monotonic()
        await self.said.read(self.reader, partition)
        await self.journey.reconcile({partition: end})
        await self._relayed(partition)
        self.journey.owned.forget([partition])
        rebuilt = self.tally.rebuilt[partition]
        self.tally.hole(partition, end, end)
        rebuilt.seconds = round(time.monotonic() - began, 1)
        return rebuilt

    async def _relayed(self, partition: int) -> None:
        """Until all that the replay gave rise to is in Kafka."""
        while True:
            if not await patiently("outbox", self.state.outbox, partition, 1):
                return
            await asyncio.sleep(RELAY_LOOK)


async def rebuild(
    settings: Settings, plan: Plan, started: Callable[[int], None], progress: Callable[[int, str], None]
) -> list[Rebuilt]:
    """Refuses while workers run. Raises UnfitTopics, UnfitRedis, PublishFailed, StateUnavailable."""
    faults.arm(os.environ)
    beyond = [partition for partition in plan.partitions if partition >= settings.customer_partitions]
    if beyond:
        raise UnfitTopics(
            f"there is no partition {beyond[0]}: by the settings there are {settings.customer_partitions}"
        )
    await refuse_members(settings)
    async with _ready(settings, plan, Tally(progress)) as ready:
        return await ready.run(plan, started)


@asynccontextmanager
async def _ready(settings: Settings, plan: Plan, tally: Tally) -> AsyncIterator[Rebuild]:
    state, said, reference = RedisState.from_settings(settings), Said(), Reference()
    publisher = SparingPublisher(settings.broker, said, idempotent=settings.idempotent_producer)
    follower = Follower(settings.broker, reference)
    owned = Ownership(settings.kept_states_bytes, settings.customer_partitions)
    closing = Repair.from_settings(settings, state, owned, tally)
    if plan.from_log:
        closing = replace(closing, restore=None)
    journey = _journey(settings, closing, Relay(state, publisher), reference)
    relaying = asyncio.create_task(journey.relay.run())
    try:
        await _check(settings, state)
        await publisher.start()
        await follower.start()
        await follower.caught_up()
        yield Rebuild(settings, state, journey, LogReader(settings.broker, settings.fetch_records), said, tally)
    finally:
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying
        await follower.stop()
        await publisher.stop()
        await state.close()


async def _check(settings: Settings, state: RedisState) -> None:
    await state.check_fit()
    broker = TopicsAtBroker(settings.broker)
    try:
        await Topics(settings, broker, Incarnations(state.calls)).check()
    finally:
        broker.close()


def _journey(settings: Settings, closing: Repair, relay: Relay, reference: Reference) -> Journey:
    """As in a worker, but it makes no slates, which nobody waits for, and no snapshots."""
    quiet = settings.model_copy(update={"snapshot_minutes": 0})
    meters = Meters()
    return Journey(
        state=closing.state,
        relay=relay,
        repair=closing,
        deciding=Deciding(World(reference), ModelShelf(settings.models), Shedding(Slates.NEVER, 0.0)),
        progress=Progress(),
        meters=meters,
        owned=closing.owned,
        snapshots=SnapshotRounds.from_settings(quiet, closing.state, closing.owned, meters),
    )


def _beyond(partition: int, stands: int, end: int) -> str:
    return (
        f"the ledger of partition {partition} stands at {stands}, but the log ends at {end}: this is not the Kafka "
        "that this Redis was made from. Name the right one, or rebuild with --from-scratch"
    )
