"""Timers that are due become events of their customer's partition: once, and never while news of before may wait."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from faust.types import TP

from retail.customers import CustomerState, decode_state, encode_state
from retail.events import Event, TimerFired, decode_event, encode_event
from retail.timers import CART_ABANDONED, VISIT_END
from streams import timers
from streams.microbatch import World, customers_of, fold, read_batch, to_commit
from streams.origin import unmarked_header
from streams.records import Progress
from streams.standing import Sources, Standing
from streams.state import Commit
from streams.state.memory import MemoryState
from streams.timers import FIRE_AGAIN, Timers
from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.publisher import Publisher, PublishFailed, Record
from tests.shop import HOUR, MINUTE, added, bought, consented, entered, identified, offer, shop

PARTITION = 3
PLACE = TP(CUSTOMER_EVENTS.name, PARTITION)
SOURCE = TP(WEB.name, 0)


class Kafka(Publisher):
    """Keeps what is published. down: refuses it."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1")
        self.log: list[Record] = []
        self.down = False

    async def publish(self, records: Sequence[Record], timeout: float) -> None:
        if self.down:
            raise PublishFailed("down")
        self.log += records


@dataclass
class Stored:
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass
class Floor:
    """A worker that owns one partition and one source: where both end and how far it has come, and its timers."""

    state: MemoryState = field(default_factory=MemoryState)
    kafka: Kafka = field(default_factory=Kafka)
    committed: dict[TP, int] = field(default_factory=lambda: {PLACE: 0, SOURCE: 0})
    ends: dict[TP, int | None] = field(default_factory=lambda: {PLACE: 0, SOURCE: 0})
    ledgers: dict[int, int] = field(default_factory=lambda: {PARTITION: 0})
    world: World = field(default_factory=lambda: World(shop()))
    offset: int = 0

    def __post_init__(self) -> None:
        sources = Sources(lambda: self.committed, lambda place: (self.ends.get(place), None), lambda: self.ledgers)
        self.timers = Timers(self.state, self.kafka, Standing(sources, Progress()))

    async def happens(self, *events: Event) -> list[Record]:
        """The journey of these events; what left with the commit."""
        return await self._folds([(encode_event(event), (unmarked_header(),)) for event in events])

    async def folds_the_timers(self) -> list[Record]:
        fired, self.kafka.log = self.kafka.log, []
        return await self._folds([(record.value, record.headers) for record in fired])

    async def _folds(self, records: Sequence[tuple[bytes | None, Sequence[tuple[str, bytes]]]]) -> list[Record]:
        stored = [Stored(self.offset + n, value, headers) for n, (value, headers) in enumerate(records)]
        self.offset += len(stored)
        batch = read_batch(PARTITION, await self.state.ledger(PARTITION), stored)
        customers = customers_of(batch)
        blobs = await self.state.states(PARTITION, customers)
        batch.states.update({c: decode_state(blob) for c, blob in zip(customers, blobs, strict=True) if blob})
        fold(batch, self.world)
        commit = to_commit(batch, {})
        await self.state.commit([commit])
        return [Record(out.topic, out.key, out.value) for out in commit.outgoing if out.topic == "promotions"]

    async def customer(self, name: str = "ana") -> CustomerState:
        [blob] = await self.state.states(PARTITION, [name])
        return decode_state(blob or b"")

    def fired(self) -> list[TimerFired]:
        events = [decode_event(record.value or b"") for record in self.kafka.log]
        assert all(isinstance(event, TimerFired) for event in events)
        return [event for event in events if isinstance(event, TimerFired)]


def ago(milliseconds: int) -> int:
    return int(time.time() * 1000) - milliseconds


async def with_a_visit_that_nobody_left() -> Floor:
    floor = Floor()
    await floor.happens(entered(at=ago(HOUR)))
    return floor


async def test_a_timer_that_is_due_is_fired_into_the_customers_partition() -> None:
    floor = await with_a_visit_that_nobody_left()
    due = (await floor.customer()).timers[VISIT_END]

    assert await floor.timers.look() == 1

    [record], [event] = floor.kafka.log, floor.fired()
    assert (record.topic, record.partition, record.key) == (CUSTOMER_EVENTS.name, PARTITION, b"ana")
    assert list(record.headers) == [unmarked_header()]
    assert (event.customer, event.at) == ("ana", due)
    assert event.received >= due


async def test_a_visit_that_nobody_left_ends_and_nothing_is_due_any_more() -> None:
    floor = await with_a_visit_that_nobody_left()
    await floor.timers.look()
    await floor.folds_the_timers()

    gone = await floor.customer()

    assert (gone.visit, gone.timers, gone.version) == (None, {}, 1)
    assert await floor.timers.look() == 0
    assert await floor.state.due([PARTITION], ago(0), 10) == [{}]


async def test_a_timer_that_is_not_due_yet_waits() -> None:
    floor = Floor()
    await floor.happens(entered(at=ago(MINUTE)))
    assert await floor.timers.look() == 0


async def test_a_timer_fires_once_while_its_event_is_under_way_and_again_when_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floor = await with_a_visit_that_nobody_left()

    assert [await floor.timers.look() for _ in range(3)] == [1, 0, 0]

    later = time.monotonic() + FIRE_AGAIN + 1
    monkeypatch.setattr("streams.timers.time", SimpleNamespace(time=time.time, monotonic=lambda: later))
    assert await floor.timers.look() == 1
    assert len({event.id for event in floor.fired()}) == 1


async def test_two_workers_that_fire_the_same_timer_end_the_visit_once() -> None:
    floor = await with_a_visit_that_nobody_left()
    other = Timers(floor.state, floor.kafka, floor.timers.standing)
    await floor.timers.look()
    await other.look()
    await floor.folds_the_timers()
    assert (await floor.customer()).timers == {}


async def test_what_could_not_be_published_is_fired_when_kafka_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = await with_a_visit_that_nobody_left()
    floor.kafka.down = True

    async def once(what: str, publisher: Publisher, records: Sequence[Record]) -> None:
        await publisher.publish(records, timeout=1.0)

    monkeypatch.setattr(timers, "publish_patiently", once)
    with pytest.raises(PublishFailed):
        await floor.timers.look()
    floor.kafka.down = False
    assert await floor.timers.look() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"ends": {PLACE: 5, SOURCE: 0}},
        {"ends": {PLACE: 0, SOURCE: 5}},
        {"ends": {PLACE: None, SOURCE: 0}},
        {"ends": {PLACE: 0, SOURCE: None}},
        {"ledgers": {}},
        {"committed": {SOURCE: 0}},
    ],
    ids=["journey lags", "identify lags", "never fetched", "source never fetched", "not taken", "not owned"],
)
async def test_nothing_fires_where_news_of_before_may_be_waiting(
    monkeypatch: pytest.MonkeyPatch, change: Mapping[str, object]
) -> None:
    floor = await with_a_visit_that_nobody_left()
    floor.timers.standing.look()
    later = time.time() + 2
    for name, value in change.items():
        setattr(floor, name, value)
    monkeypatch.setattr("streams.standing.time", SimpleNamespace(time=lambda: later))
    assert await floor.timers.look() == 0


async def test_an_index_that_says_what_the_state_does_not_is_put_right() -> None:
    floor = Floor()
    await floor.state.commit([Commit(PARTITION, 0, 1, {}, {"ana": encode_state(CustomerState())}, {}, due={"ana": 5})])
    floor.offset = 1

    assert await floor.timers.look() == 1
    await floor.folds_the_timers()

    assert await floor.state.due([PARTITION], ago(0), 10) == [{}]


# --- the cart, with the gate ----------------------------------------------------------------------------------------

REMINDER = offer("reminder", triggers=frozenset({"cart_abandoned"}))


def here(local_hour: int) -> str:
    """A time zone in which it is this hour now."""
    ahead = (local_hour - time.gmtime().tm_hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def after_an_hour(zone: str, left: int = HOUR + MINUTE) -> tuple[Floor, list[Record]]:
    """The decisions about a cart that was left so long ago."""
    floor = Floor(world=World(shop(offers=(REMINDER,))))
    await floor.happens(
        consented(ago(30 * HOUR)), identified(ago(30 * HOUR), {"timezone": zone}), added("mug", ago(left))
    )
    await floor.timers.look()
    return floor, await floor.folds_the_timers()


async def test_an_abandoned_cart_is_reminded_of_once_by_day() -> None:
    floor, [push] = await after_an_hour(here(12))
    assert b'"decision":"push"' in (push.value or b"")
    assert b"left in your cart" in (push.value or b"")
    assert len((await floor.customer()).pushes) == 1
    assert await floor.timers.look() == 0


async def test_a_reminder_in_the_quiet_hours_waits_for_their_end() -> None:
    floor, decisions = await after_an_hour(here(3))
    state = await floor.customer()
    assert decisions == []
    assert state.pushes == ()
    assert ago(-4 * HOUR) <= state.timers[CART_ABANDONED] <= ago(-5 * HOUR)
    assert await floor.timers.look() == 0


async def test_a_reminder_whose_moment_is_long_past_is_withheld() -> None:
    _, [decision] = await after_an_hour(here(12), left=8 * HOUR)
    assert b'"reason":"expired"' in (decision.value or b"")


async def test_without_a_time_zone_nobody_is_reminded() -> None:
    _, [decision] = await after_an_hour("Atlantis")
    assert b'"reason":"unknown_time_zone"' in (decision.value or b"")


async def test_who_bought_is_not_reminded() -> None:
    floor = Floor(world=World(shop(offers=(REMINDER,))))
    await floor.happens(consented(ago(3 * HOUR)), added("mug", ago(2 * HOUR)), bought("mug", at=ago(HOUR)))
    assert await floor.timers.look() == 0


class TwoServers(MemoryState):
    """One of them, that of PARTITION, answers nothing until it is `well`."""

    def __init__(self) -> None:
        super().__init__()
        self.well = asyncio.Event()

    def place(self, partition: int) -> str:
        return "sick" if partition == PARTITION else "healthy"

    async def due(self, partitions: Sequence[int], now: int, limit: int) -> list[dict[str, int] | None]:
        if PARTITION in partitions:
            await self.well.wait()
        return await super().due(partitions, now, limit)


async def test_a_server_that_hangs_holds_up_its_own_timers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "PATIENCE", 0.05)
    state, other = TwoServers(), PARTITION + 1
    floor = Floor(state)
    floor.ledgers[other] = 0
    floor.committed[TP(CUSTOMER_EVENTS.name, other)] = floor.ends[TP(CUSTOMER_EVENTS.name, other)] = 0
    await state.commit([Commit(p, 0, 1, {}, {}, {}, due={"ana": ago(HOUR)}) for p in (PARTITION, other)])

    assert [await floor.timers.look() for _ in range(2)] == [1, 0]
    assert [record.partition for record in floor.kafka.log] == [other]

    state.well.set()
    async with asyncio.timeout(5):
        while len(floor.kafka.log) < 2:
            await asyncio.sleep(0.01)
    assert [await floor.timers.look() for _ in range(2)] == [0, 0]
    assert [record.partition for record in floor.kafka.log] == [other, PARTITION]
