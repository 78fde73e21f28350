"""Rounds and restores on a real topic: what was written comes back, to the ledger of the marker and not beyond it."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

import pytest

from retail.customers import CustomerState, decode_state, encode_state
from streams.faults import VARIABLE, FaultRaised, Point, arm
from streams.log_reader import LogReader
from streams.meters import Meters
from streams.ownership import Ownership
from streams.restore import Restore
from streams.snapshot_rounds import Pace, SnapshotRounds, SnapshotTopic, Superseded
from streams.snapshots import restored_mark
from streams.state import Commit, Ledger, Outgoing, Source, StateUnavailable
from streams.state.memory import MemoryState
from streams.topics import CUSTOMER_EVENTS, CUSTOMER_SNAPSHOTS, WEB
from streams.topics.fenced import FencedTopic
from streams.topics.publisher import PublishFailed, Record
from tests.contract.conftest import Broker

PARTITION = 5


@dataclass
class Worker:
    """One that owns the partition: commits to a state in memory, writes snapshots to a real topic.

    timers: of every customer it commits.
    """

    broker: Broker
    log: str = "incarnation-1"
    state: MemoryState = field(default_factory=MemoryState)
    owned: Ownership = field(default_factory=lambda: Ownership(limit=100_000, partitions=8))
    timers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.broker.settings
        writer = FencedTopic(settings.broker, "shop", CUSTOMER_SNAPSHOTS.name, settings.idempotent_producer)
        topic = SnapshotTopic(writer, LogReader(settings.broker), self.incarnation)
        self.rounds = SnapshotRounds(self.state, topic, self.owned, Pace(60, 2.0, rate=1e6), Meters())

    async def incarnation(self) -> str:
        return self.log

    async def commit(self, first: int, following: int, *customers: str, outgoing: tuple[Outgoing, ...] = ()) -> None:
        state = CustomerState(version=following, applied=following - 1, timers=self.timers)
        states = {who: encode_state(state) for who in customers}
        marks: dict[Source, int] = {(WEB.name, 0): following}
        commit = Commit(PARTITION, first, following, marks, states, {}, outgoing)
        [committed] = await self.state.commit([commit])
        assert committed.applied
        self.owned.took(PARTITION, Ledger(following, marks))
        self.rounds.committed(commit, 0.0)


@dataclass
class Silent:
    """Is told, and tells nobody."""

    states: int = 0

    def restored(self, partition: int, states: int) -> None:
        self.states = states


async def restore(worker: Worker, state: MemoryState, stands: int = 0) -> bool:
    return await Restore(state, LogReader(worker.broker.address), worker.incarnation).restore(
        PARTITION, stands, Silent()
    )


async def versions(state: MemoryState, *customers: str) -> list[int | None]:
    blobs = await state.states(PARTITION, customers)
    return [decode_state(blob).version if blob else None for blob in blobs]


async def test_what_a_round_wrote_comes_back_with_its_ledger(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, "ana", "bea")
    assert await worker.rounds.round(PARTITION) == 2
    assert await restore(worker, empty)
    assert await versions(empty, "ana", "bea", "cleo") == [10, 10, None]
    assert await empty.ledger(PARTITION) == Ledger(10, {(WEB.name, 0): 10, restored_mark(PARTITION): 9})


async def test_timers_come_back_and_are_found_when_they_are_due(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker, timers={"visit_end": 7000, "cart_abandoned": 5000}), MemoryState()
    await worker.commit(0, 10, "ana")
    worker.timers = {}
    await worker.commit(10, 20, "bea")
    await worker.rounds.round(PARTITION)
    assert await restore(worker, empty)
    assert await empty.due([PARTITION], 4999, 10) == [{}]
    assert await empty.due([PARTITION], 5000, 10) == [{"ana": 5000}]


async def test_a_later_round_writes_only_who_changed_since(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, "ana", "bea")
    await worker.rounds.round(PARTITION)
    await worker.commit(10, 20, "bea", "cleo")
    assert await worker.rounds.round(PARTITION) == 2
    assert await worker.rounds.round(PARTITION) == 0
    assert await restore(worker, empty)
    assert await versions(empty, "ana", "bea", "cleo") == [10, 20, 20]


async def test_a_new_owner_learns_from_the_log_who_changed(fresh_broker: Broker) -> None:
    first = Worker(fresh_broker)
    publisher = fresh_broker.publisher()
    await publisher.start()
    names = ["ana", "bea", "cleo", "ana"]
    events = [
        Record(CUSTOMER_EVENTS.name, b"", b'{"customer":"%b"}' % who.encode(), partition=PARTITION) for who in names
    ]
    await publisher.publish([*events, Record(CUSTOMER_EVENTS.name, b"", b"\xff{", partition=PARTITION)], timeout=20)
    await publisher.stop()
    await first.commit(0, 1, "ana")
    await first.rounds.round(PARTITION)
    await first.commit(1, 5, "ana", "bea", "cleo")
    second = Worker(fresh_broker, state=first.state, owned=first.owned)
    assert await second.rounds.round(PARTITION) == 3


async def test_without_a_marker_nothing_is_restored(fresh_broker: Broker) -> None:
    empty = MemoryState()
    assert not await restore(Worker(fresh_broker), empty)
    assert await empty.ledger(PARTITION) == Ledger()


async def test_a_ledger_that_moved_is_left_alone(fresh_broker: Broker) -> None:
    worker = Worker(fresh_broker)
    await worker.commit(0, 10, "ana")
    await worker.rounds.round(PARTITION)
    await worker.commit(10, 11, "ana")
    assert not await restore(worker, worker.state)
    assert not await restore(worker, worker.state, stands=11)
    assert (await worker.state.ledger(PARTITION)).next == 11


async def test_the_snapshot_of_another_log_is_not_restored(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, "ana")
    await worker.rounds.round(PARTITION)
    worker.log = "incarnation-2"
    assert not await restore(worker, empty)


async def test_a_state_of_a_former_log_holds_no_events_of_this_one_back(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 5_000, "ana")
    await worker.rounds.round(PARTITION)
    renewed = Worker(fresh_broker, log="2nd-incarnation")
    await renewed.commit(0, 10, "bea")
    await renewed.rounds.round(PARTITION)
    assert await restore(renewed, empty)
    [ana] = await empty.states(PARTITION, ["ana"])
    assert decode_state(ana or b"").applied == -1
    assert (await empty.ledger(PARTITION)).marks[restored_mark(PARTITION)] == 9


async def test_a_state_waits_until_what_it_gave_rise_to_is_in_kafka(
    fresh_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.snapshot_rounds.RELAY_PATIENCE", 0.2)
    worker = Worker(fresh_broker)
    await worker.commit(0, 10, "ana", outgoing=(Outgoing("promotions", b"ana", b"push"),))
    with pytest.raises(Exception, match="does not empty"):
        await worker.rounds.round(PARTITION)
    assert not await restore(worker, MemoryState())
    [entry] = await worker.state.outbox(PARTITION, 10)
    await worker.state.relayed({PARTITION: [entry.id]})
    await worker.commit(10, 11)
    await worker.rounds.round(PARTITION)
    assert await restore(worker, MemoryState())


async def test_a_redis_that_was_emptied_or_set_back_gets_no_marker_until_it_is_repaired(fresh_broker: Broker) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, "ana", "bea")
    before = deepcopy(worker.state)
    await worker.commit(10, 20, "ana")
    for lacking in (MemoryState(), before):
        worker.rounds.state = lacking
        with pytest.raises(StateUnavailable):
            await worker.rounds.round(PARTITION)
        assert not await restore(worker, empty)


async def test_a_partition_that_is_lost_gets_no_marker(fresh_broker: Broker) -> None:
    worker = Worker(fresh_broker)
    await worker.commit(0, 10, "ana")
    worker.owned.forget([PARTITION])
    with pytest.raises(Superseded):
        await worker.rounds.round(PARTITION)


@pytest.fixture
def armed() -> Iterator[Callable[[Point], None]]:
    """Makes a point raise, once."""
    yield lambda point: arm({VARIABLE: f"{point}=raise"})
    arm({})


async def test_a_round_that_dies_before_its_marker_is_made_up_for(
    fresh_broker: Broker, armed: Callable[[Point], None]
) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, "ana")
    await worker.rounds.round(PARTITION)
    publisher = fresh_broker.publisher()
    await publisher.start()
    events = [Record(CUSTOMER_EVENTS.name, b"", b'{"customer":"ana"}', partition=PARTITION)] * 20
    await publisher.publish(events, timeout=20)
    await publisher.stop()
    await worker.commit(10, 20, "ana")
    armed(Point.SNAPSHOT_BEFORE_MARKER)
    with pytest.raises(FaultRaised):
        await worker.rounds.round(PARTITION)
    assert await restore(worker, empty)
    assert (await empty.ledger(PARTITION)).marks[restored_mark(PARTITION)] == 19
    assert (await empty.ledger(PARTITION)).next == 10
    assert await worker.rounds.round(PARTITION) == 1
    again = MemoryState()
    assert await restore(worker, again)
    assert (await again.ledger(PARTITION)).next == 20


async def test_a_restore_that_dies_between_two_pages_begins_again(
    fresh_broker: Broker, armed: Callable[[Point], None]
) -> None:
    worker, empty = Worker(fresh_broker), MemoryState()
    await worker.commit(0, 10, *(f"customer-{n}" for n in range(3_000)))
    await worker.rounds.round(PARTITION)
    armed(Point.RESTORE_BETWEEN_PAGES)
    with pytest.raises(FaultRaised):
        await restore(worker, empty)
    assert (await empty.ledger(PARTITION)).next == 0
    assert None in await versions(empty, *(f"customer-{n}" for n in range(3_000)))
    assert await restore(worker, empty)
    assert (await empty.ledger(PARTITION)).next == 10
    assert None not in await versions(empty, *(f"customer-{n}" for n in range(3_000)))


async def test_who_was_paused_and_replaced_writes_nothing_late(broker: Broker) -> None:
    if not broker.settings.idempotent_producer:
        pytest.skip("the embedded broker fences nobody, and keeps nothing beyond its process")
    topic = FencedTopic(broker.address, "shop", CUSTOMER_SNAPSHOTS.name, fences=True)
    record = Record(CUSTOMER_SNAPSHOTS.name, b"ana", b"old")
    with pytest.raises(PublishFailed, match="alone"):
        await _write_late(topic, record)


async def _write_late(topic: FencedTopic, record: Record) -> None:
    async with topic.open(PARTITION) as older, topic.open(PARTITION) as newer:
        await newer.write([record])
        await older.write([record])
