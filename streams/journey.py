"""The journey agent: customer events in; states, slates, decisions and outbox out, one atomic commit per partition.

Reads `customer-events`. Writes Redis only; the relay takes the outbox to Kafka. A fetch over several partitions
is loaded, folded, ranked and committed together: one round trip each way, one kernel call for all slates. On a Redis
Cluster that holds per server, so that one that hangs is waited for by its own partitions alone (`streams.stragglers`).
"""

import asyncio
import time
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import structlog
from faust.types import TP

from recommender.recommend import Query
from recommender.serving import served_slates
from retail.customers import CustomerState, decode_state
from streams.clicks import ClickTeller
from streams.faults import Point, reach
from streams.meters import Meters
from streams.microbatch import MicroBatch, World, customers_of, fold, read_batch, to_commit
from streams.ownership import NotOwned, Ownership
from streams.patience import steadily, tell
from streams.received import Records
from streams.records import Fetched, Progress
from streams.relay import Pending, Relay
from streams.repair import Repair
from streams.shares import by_place, shares
from streams.shedding import Shedding
from streams.snapshot_rounds import SnapshotRounds
from streams.state import Commit, Committed, Ledger, Outgoing, State
from streams.state.models import ModelShelf
from streams.stragglers import Stragglers
from streams.topics import CUSTOMER_EVENTS

log = structlog.get_logger()

WARM_SLATE = 10
"""Items of a warm slate: a first screen. The read path ranks anew for more."""

Slates = dict[str, bytes]
"""Encoded slate by customer."""


@dataclass(frozen=True)
class Deciding:
    """What decides: pure functions over these."""

    world: World
    models: ModelShelf
    shedding: Shedding


@dataclass(frozen=True)
class Journey:
    """suspect: partitions whose last commit is in doubt, so that their outbox must be looked at. clicks: who tells the
    other processes what is chosen, None where nobody does."""

    state: State
    relay: Relay
    repair: Repair
    deciding: Deciding
    progress: Progress
    meters: Meters
    owned: Ownership
    snapshots: SnapshotRounds
    clicks: ClickTeller | None = None
    suspect: set[int] = field(default_factory=set)
    stragglers: Stragglers = field(default_factory=Stragglers)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, stream: AsyncIterable[Fetched]) -> None:
        async for fetched in stream:
            self.meters.fetched(len(fetched))
            async with self.lock:
                await self.apply({tp.partition: records for tp, records in fetched.partitions.items()})

    def gained(self, partitions: Iterable[TP]) -> None:
        """Another worker may have died with an outbox half relayed."""
        mine = {tp.partition for tp in partitions if tp.topic == CUSTOMER_EVENTS.name}
        self.suspect.update(mine)
        self.meters.assigned(mine)
        log.info("partitions assigned", partitions=sorted(mine))

    def lost(self, partitions: Iterable[TP]) -> None:
        mine = [tp.partition for tp in partitions if tp.topic == CUSTOMER_EVENTS.name]
        self.stragglers.lost(mine)
        self.owned.forget(mine)

    async def apply(self, work: Mapping[int, Records]) -> None:
        """Returns when every record is applied, rejected or known, however long Redis or Kafka take; or is of a
        straggler, which goes on by itself."""
        fresh = shares(self.stragglers.keep(work), self.state.place)
        await self.stragglers.round({tuple(share): self._apply(share) for share in fresh}, self._apply)

    async def _apply(self, share: Mapping[int, Records]) -> None:
        remaining = dict(share)
        while remaining:
            remaining = await steadily("journey", self._attempt, remaining)
        await self._recover_outboxes(share)

    async def reconcile(self, expected: Mapping[int, int]) -> None:
        """Repairs ledgers that fell behind what was committed: a Redis that was rolled back or wiped.

        expected: partition to the offset that Kafka has as committed.
        """
        async with self.lock:
            shares = by_place((p for p in expected if p not in self.stragglers), self.state.place)
            looks = {share: self._reconcile({p: expected[p] for p in share}) for share in shares}
            await self.stragglers.round(looks, self._apply)

    async def _reconcile(self, expected: Mapping[int, int]) -> None:
        await steadily("reconcile", self._look, expected)
        await self._recover_outboxes(expected)

    async def _look(self, expected: Mapping[int, int]) -> None:
        ledgers = await asyncio.gather(*map(self.state.ledger, expected))
        for (partition, offset), ledger in zip(expected.items(), ledgers, strict=True):
            with suppress(NotOwned):
                await self._catch_up(partition, ledger, offset)

    async def _catch_up(self, partition: int, actual: Ledger, expected: int) -> None:
        known = self.owned.ledger(partition)
        if known is None or known.next != actual.next:
            self.owned.took(partition, actual)
            self.suspect.add(partition)
        if expected:
            await self._repair(partition, expected)

    async def _recover_outboxes(self, partitions: Iterable[int]) -> None:
        suspect = self.suspect.intersection(partitions)
        if suspect:
            await steadily("outbox", self.relay.recover, sorted(suspect))
            self.suspect.difference_update(suspect)

    async def _attempt(self, work: Mapping[int, Records]) -> dict[int, Records]:
        """One try; returns what must be done again because its ledger stood elsewhere, or nobody knows where."""
        started = time.monotonic()
        try:
            await self._take(work)
            await self._repair_all({partition: records[0].offset for partition, records in work.items()})
            refused = await self._advance(work)
        except NotOwned:
            return dict(work)
        except BaseException:
            self._doubt(work)
            raise
        self.meters.batch_took(time.monotonic() - started)
        return {partition: work[partition] for partition in refused}

    async def _take(self, partitions: Iterable[int]) -> None:
        unknown = [partition for partition in partitions if self.owned.ledger(partition) is None]
        ledgers = await asyncio.gather(*map(self.state.ledger, unknown))
        for partition, ledger in zip(unknown, ledgers, strict=True):
            self.owned.took(partition, ledger)

    async def _repair_all(self, until: Mapping[int, int]) -> None:
        """All at once: each asks Kafka several things in turn. None goes on when one has failed."""
        due = [partition for partition, offset in until.items() if self.repair.is_due(partition, offset)]
        repairs = [asyncio.ensure_future(self._repair(partition, until[partition])) for partition in due]
        try:
            await asyncio.gather(*repairs)
        except BaseException:
            for repair in repairs:
                repair.cancel()
            await asyncio.wait(repairs)
            raise

    async def _repair(self, partition: int, until: int) -> None:
        """Applies what lies between the ledger and `until`."""
        if await self.repair.close(partition, until, self._advance):
            self.suspect.add(partition)

    async def _advance(self, work: Mapping[int, Records]) -> list[int]:
        """Applies records that follow the ledgers; returns the partitions whose commit was refused or is in doubt."""
        batches = [read_batch(partition, self.owned.taken(partition), records) for partition, records in work.items()]
        reach(Point.JOURNEY_BEFORE_LOAD)
        await self._load(batches)
        reach(Point.JOURNEY_BEFORE_FOLD)
        for batch in batches:
            fold(batch, self.deciding.world)
        lag = time.time() - min(records[-1].timestamp for records in work.values()) / 1000
        slates = self._slates(batches, lag)
        commits = [to_commit(batch, slates[batch.partition]) for batch in batches]
        reach(Point.JOURNEY_BEFORE_COMMIT)
        sent = time.monotonic()
        results = await self.state.commit(commits)
        self.meters.commit_took(time.monotonic() - sent)
        reach(Point.JOURNEY_AFTER_COMMIT)
        for batch, commit, result in zip(batches, commits, results, strict=True):
            await self._settle(batch, commit, result, lag)
        return [commit.partition for commit, result in zip(commits, results, strict=True) if not result.applied]

    async def _load(self, batches: Sequence[MicroBatch]) -> None:
        """Fills in the states of the customers concerned, from memory where they are there."""
        missing: dict[int, list[str]] = {}
        for batch in batches:
            customers = customers_of(batch)
            batch.states.update(self.owned.states(batch.partition, customers))
            missing[batch.partition] = [customer for customer in customers if customer not in batch.states]
        found = await self.state.states_of(missing)
        for batch in batches:
            for customer, blob in zip(missing[batch.partition], found.get(batch.partition, ()), strict=True):
                self._take_in(batch, customer, blob)

    def _take_in(self, batch: MicroBatch, customer: str, blob: bytes | None) -> None:
        """Only who is new here is asked whether this is the right partition: a foreign producer may have chosen it."""
        if blob is None:
            if self.owned.is_misplaced(batch.partition, customer):
                batch.refused[customer] = "wrong_partition"
            return
        try:
            batch.states[customer] = decode_state(blob)
        except msgspec.DecodeError:
            log.error("a customer's state cannot be read", partition=batch.partition, bytes=len(blob))
            batch.refused[customer] = "unreadable_state"

    def _slates(self, batches: Sequence[MicroBatch], lag: float) -> dict[int, Slates]:
        """A slate for every changed customer, all in one kernel call; none where they are shed."""
        changed = sum(len(batch.changed) for batch in batches)
        if self.deciding.shedding.sheds(lag):
            self.meters.slated("shed", changed)
            return {batch.partition: {} for batch in batches}
        try:
            slates = iter(self._ranked([_query(batch, customer) for batch in batches for customer in batch.changed]))
        except Exception as fault:  # noqa: BLE001 - without a warm slate the read path decides; without the commit nobody does
            tell("slates", fault)
            self.meters.slated("failed", changed)
            return {batch.partition: {} for batch in batches}
        self.meters.slated("made", changed)
        return {batch.partition: {customer: next(slates) for customer in batch.changed} for batch in batches}

    def _ranked(self, queries: Sequence[Query]) -> Sequence[bytes]:
        reach(Point.JOURNEY_BEFORE_SLATES)
        return served_slates(queries, self.deciding.models.serving, self.deciding.world.reference)

    async def _settle(self, batch: MicroBatch, commit: Commit, result: Committed, lag: float) -> None:
        if not result.applied:
            if result.fault is not None:
                log.warning("nobody knows whether it is applied", partition=batch.partition, fault=str(result.fault))
            self._doubt((commit.partition,))
            return
        reach(Point.JOURNEY_BEFORE_PROGRESS)
        ledger = Ledger(commit.next, batch.marks, batch.ledger.epoch)
        self.owned.committed(batch.partition, ledger, batch.states, commit.states)
        self.progress.advance(TP(CUSTOMER_EVENTS.name, commit.partition), commit.next)
        self.meters.journeyed(CUSTOMER_EVENTS.name, batch.partition, batch.counts)
        self.snapshots.committed(commit, lag)
        if self.clicks is not None:
            self.clicks.committed(batch)
        if result.outbox and batch.partition in self.suspect:
            # What a dead worker left behind goes first: letters are known by their order.
            await self.relay.recover((batch.partition,))
            self.suspect.discard(batch.partition)
        elif result.outbox:
            await self.relay.send(Pending(batch.partition, result.outbox, _filled(commit)))

    def _doubt(self, partitions: Iterable[int]) -> None:
        """After a refusal or a lost reply: what is in memory proves nothing, and the outbox may hold an orphan."""
        partitions = list(partitions)
        self.owned.forget(partitions)
        self.suspect.update(partitions)


def _query(batch: MicroBatch, customer: str) -> Query:
    state: CustomerState = batch.states[customer]
    return Query(
        customer=customer,
        state=state,
        at=batch.changed[customer],
        store=state.visit.store if state.visit else "",
        limit=WARM_SLATE,
    )


def _filled(commit: Commit) -> Sequence[Outgoing]:
    """What it tells of, with the slates that are only named there."""
    if not commit.slates:
        return commit.outgoing
    return [
        Outgoing(record.topic, record.key, commit.slates[record.key.decode()]) if record.value is None else record
        for record in commit.outgoing
    ]
