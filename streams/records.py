"""Record batches: a Faust transport that hands an agent all that one fetch brought, as one stream value.

Stock Faust makes two asyncio tasks for every record, 80 to 110 us each; here a fetch of hundreds of records
over all partitions of an agent's topics costs as much as one. One event stays one Kafka record.

Offsets are committed from `progress`, which the agents advance when the effects of a record are durable; what
Faust believes to be acknowledged is ignored. (Overriding `ack` would not do: the compiled stream iterator
inlines it.)
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from faust.types.tuples import ConsumerMessage
from mode import Service

from streams.consumer_thread import PacedThread
from streams.faults import Point, reach, reach_or_hang
from streams.received import Records
from streams.topics import CUSTOMER_EVENTS

HANDED = 16
"""Fetches of a partition that are remembered; the stream between consumer and agent holds two."""

PASS_EVERY = 1.0
"""Seconds between two looks for what nobody is handed: marks of transactions, and what they took back."""


@dataclass(frozen=True)
class Fetched:
    """What one fetch brought for one agent: records by partition, in offset order, none empty."""

    partitions: Mapping[TP, Records]

    def __len__(self) -> int:
        return sum(map(len, self.partitions.values()))


class FetchedSchema(faust.Schema[Any, Any]):
    """Passes a `Fetched` through untouched; agents decode bytes themselves, so poison cannot stop a stream."""

    def loads_key(self, app: Any, message: Any, **options: Any) -> None:
        return None

    def loads_value(self, app: Any, message: Any, **options: Any) -> Fetched:
        return cast(Fetched, message.value)


class Progress(dict[TP, int]):
    """Per partition, the next offset to commit: everything below it is done for good.

    signs: of life, by topic: grows with all that gets done, also what moves no offset (see `sign`).
    in_hand: by partition, what was handed to an agent and is not done: after which offset it ends, and the time of
    its first record, milliseconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.signs: Counter[str] = Counter()
        self.in_hand: dict[TP, deque[tuple[int, int]]] = {}

    def hand(self, partition: TP, records: Records) -> None:
        self.in_hand.setdefault(partition, deque(maxlen=HANDED)).append((records[-1].offset, records[0].timestamp))

    def is_idle(self, partition: TP) -> bool:
        """Whether all that was handed of a partition is done."""
        handed = self.in_hand.get(partition)
        return not handed or self.get(partition, 0) > handed[-1][0]

    def waiting_since(self, partition: TP, done: int) -> float | None:
        """The time of the oldest record in hand that is not done, seconds; None where there is none. done: offset."""
        for last, timestamp in list(self.in_hand.get(partition, ())):
            if last >= done:
                return timestamp / 1000
        return None

    def forget(self, partition: TP) -> None:
        """It was lost."""
        self.pop(partition, None)
        self.in_hand.pop(partition, None)

    def advance(self, partition: TP, offset: int) -> None:
        if offset > self.get(partition, 0):
            self[partition] = offset
            self.sign(partition.topic)

    def sign(self, topic: str) -> None:
        """Long work on a topic goes on: whoever watches for silence should wait."""
        self.signs[topic] += 1


class Owner(Protocol):
    """Who answers for partitions between two rebalances. Both calls come while nothing is in flight but stragglers."""

    def gained(self, partitions: Iterable[TP]) -> None: ...

    def lost(self, partitions: Iterable[TP]) -> None: ...


class RecordBatchConsumer(driver.Consumer):
    """Faust's aiokafka consumer, delivering `Fetched` values and committing `Progress`."""

    _passed_at = 0.0
    _torn: int | None = None
    """The generation in which a fetch was not handed whole."""

    def _new_consumer_thread(self) -> PacedThread:
        return PacedThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def progress(self) -> Progress:
        return cast(RecordBatchTransport, self.transport).progress

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super().on_partitions_revoked(revoked)
        for partition in revoked:
            self.progress.forget(partition)
        for owner in cast(RecordBatchTransport, self.transport).owners:
            owner.lost(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        reach(Point.CONSUMER_BEFORE_ASSIGNMENT)
        for owner in cast(RecordBatchTransport, self.transport).owners:
            owner.gained(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    def committed(self) -> dict[TP, int]:
        """Of the partitions assigned to this worker: the offset that Kafka holds as committed, 0 where none."""
        try:
            mine = list(self.assignment())
        except ConsumerNotStarted:
            return {}
        return {partition: self._committed_offset.get(partition) or 0 for partition in mine}

    def end(self, partition: TP) -> int | None:
        """See `known_end`."""
        try:
            return cast(PacedThread, self._thread).end(partition)
        except ConsumerNotStarted:
            return None

    async def verify_all_partitions_active(self) -> None:
        """Faust's look at each partition for one that hangs: ours is the watchdog's, at the log itself."""

    def _get_active_partitions(self) -> set[TP]:
        """Without its look, at every fetch, whether each is of Faust's own type."""
        return self._active_partitions or super()._get_active_partitions()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        self._acked.clear()
        self._acked_index.clear()
        return iter(list(self.progress))

    def _new_offset(self, tp: TP) -> int | None:
        return self.progress.get(tp)

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or cast(Service, fetcher).should_stop):
                await self._drain_once()
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise

    async def _drain_once(self) -> None:
        await reach_or_hang(Point.CONSUMER_BEFORE_DELIVERY)
        records, _ = await self._wait_next_records(timeout=1.0)
        # Read only now: while we waited a whole rebalance may have passed, and these records are of after it.
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            if records:
                await self.perform_seek()
            return
        self._pass_over(records, generation)
        for fetched in self._by_reader(records):
            if self._overtaken(generation):
                self._torn = generation
                return
            for partition, batch in fetched.partitions.items():
                self.progress.hand(partition, batch)
            await self.wait_first(self.callback(self._message(fetched)), self.suspend_flow.wait())
            if self._overtaken(generation):
                self._torn = generation
                return
            for partition, batch in fetched.partitions.items():
                self._read_offset[partition] = batch[-1].offset + 1

    def _pass_over(self, records: Mapping[TP, Records], generation: int) -> None:
        """Records that mark or took back a transaction are handed to nobody, so nobody would ever be done with them.

        What the consumer has read of a partition was handed before this fetch, or is in `records`, or is of that kind;
        unless a fetch of this generation was not handed whole. No producer of ours has transactions, so the ledgers
        of `customer-events` stay out of it.
        """
        now = time.monotonic()
        if now - self._passed_at < PASS_EVERY or generation == self._torn or self._overtaken(generation):
            return
        self._passed_at = now
        thread = cast(PacedThread, self._thread)
        for partition in thread.assignment() - records.keys():
            read = thread.read_to(partition)
            if read is not None and partition.topic != CUSTOMER_EVENTS.name and self.progress.is_idle(partition):
                self.progress.advance(partition, read)

    def _overtaken(self, generation: int) -> bool:
        """Whether a rebalance came in between: what was fetched before it will be fetched again after it, by
        whoever owns the partition then, and must not count as read."""
        return self.suspend_flow.is_set() or generation != self.app.consumer_generation_id

    def _by_reader(self, records: Mapping[TP, Records]) -> list[Fetched]:
        groups: dict[str, dict[TP, Records]] = {}
        readers = cast(RecordBatchTransport, self.transport).readers
        for partition, batch in records.items():
            read = self._read_offset[partition]
            if read is None or batch[0].offset >= read:
                fresh = batch
            else:
                fresh = [record for record in batch if record.offset >= read]
            if fresh:
                groups.setdefault(readers[partition.topic], {})[partition] = fresh
        return [Fetched(partitions) for partitions in groups.values()]

    def _message(self, fetched: Fetched) -> Message:
        """A Faust message needs one place to be from: the first partition stands for all."""
        partition, records = next(iter(fetched.partitions.items()))
        first = records[0]
        return ConsumerMessage(
            topic=partition.topic,
            partition=partition.partition,
            offset=first.offset,
            timestamp=first.timestamp / 1000,
            timestamp_type=0,
            headers=None,
            key=first.key,
            value=cast(Any, fetched),
            checksum=None,
            tp=partition,
            generation_id=self.app.consumer_generation_id,
        )


def known_end(consumer: object, partition: TP) -> int | None:
    """Where the log ended when this partition was last fetched; None where it was not."""
    return consumer.end(partition) if isinstance(consumer, RecordBatchConsumer) else None


class RecordBatchTransport(driver.Transport):
    """readers: topic to the agent that reads it; partitions of one reader travel together.

    fetch_wait_ms: milliseconds a fetch may wait at the broker for new records.
    owners: are told of rebalances; name them before the app starts. pace: seconds between two fetches at least.
    """

    Consumer = RecordBatchConsumer
    owners: "Sequence[Owner]" = ()
    pace: float = 0.0

    def __init__(self, urls: Any, app: Any, *, readers: Mapping[str, str], fetch_wait_ms: int) -> None:
        super().__init__(urls, app)
        self.fetch_wait_ms = fetch_wait_ms
        self.readers = readers
        self.progress = Progress()
