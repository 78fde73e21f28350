"""Fetches take turns between what comes from outside and what the worker wrote itself; nothing is left out for long."""

import asyncio
from dataclasses import dataclass, field

import pytest
from aiokafka.protocol.fetch import FetchRequest
from hypothesis import given
from hypothesis import strategies as st

from streams.fetches import ASLEEP, AT_ONCE, BACKLOG, LITTLE, NAP, Fetches
from streams.topics import CUSTOMER_EVENTS, STORE, WEB
from streams.topics.pace import Pace

OUTER, INNER = {WEB.name, STORE.name}, {CUSTOMER_EVENTS.name}

HOUR = 3600.0

LONG = 500
"""Milliseconds that a fetch for everything may wait."""


@dataclass(frozen=True)
class Answer:
    topics: list[tuple[str, list[tuple[object, ...]]]]


@dataclass
class Broker:
    """There are records of a topic, `size` bytes, until they are fetched. asked: topics and longest wait."""

    there: set[str] = field(default_factory=set)
    size: int = 7
    asked: list[tuple[set[str], int]] = field(default_factory=list)

    async def send(self, node: int, request: object, **how: object) -> object:
        assert isinstance(request, FetchRequest)
        topics = {topic for topic, _ in request.topics}
        self.asked.append((topics, request._max_wait_ms))
        brought = topics & self.there
        self.there -= brought
        return Answer([(topic, [(0, 0, 5, -1, bytes(self.size) if topic in brought else b"")]) for topic in topics])


class SlowBroker(Broker):
    """Brings nothing of what it has in less than 30 ms: so is the embedded broker when it holds much."""

    async def send(self, node: int, request: object, **how: object) -> object:
        assert isinstance(request, FetchRequest)
        if request._max_wait_ms >= 30:
            return await super().send(node, request, **how)
        self.asked.append(({topic for topic, _ in request.topics}, request._max_wait_ms))
        return Answer([(topic, [(0, 0, 99 if topic in self.there else 5, -1, b"")]) for topic, _ in request.topics])


def whole(topics: set[str] = OUTER | INNER) -> FetchRequest:
    return FetchRequest(LONG, 1, 1 << 20, 0, [(topic, [(0, 5, 1 << 20)]) for topic in sorted(topics)])


def fetches(broker: Broker, pace: float = 1e-6) -> Fetches:
    return Fetches(broker.send, Pace(pace), INNER)


async def test_at_rest_one_fetch_waits_for_everything() -> None:
    broker = Broker()
    fetching = fetches(broker)
    for _ in range(3):
        await fetching.send(0, whole())
    assert broker.asked == [(OUTER | INNER, LONG)] * 3


async def test_while_records_come_the_hops_take_turns_and_nothing_waits_at_the_broker() -> None:
    broker = Broker()
    fetching = fetches(broker)
    for _ in range(5):
        broker.there = {WEB.name, CUSTOMER_EVENTS.name}
        await fetching.send(0, whole())
    assert broker.asked[1:] == [(INNER, AT_ONCE), (OUTER, AT_ONCE), (INNER, AT_ONCE), (OUTER, AT_ONCE)]


async def test_what_the_worker_writes_is_asked_for_right_behind_and_waited_for_a_quarter_of_the_pace() -> None:
    broker = Broker({WEB.name})
    fetching = fetches(broker, HOUR)
    for _ in range(2):
        await fetching.send(0, whole())
    assert broker.asked == [(OUTER | INNER, LONG), (INNER, HOUR / 4 * 1000)]
    assert await keeps_the_pace(fetching, OUTER | INNER)


async def test_rounds_that_bring_little_from_all_brokers_together_are_further_apart() -> None:
    broker, pace = Broker(size=LITTLE - 1), Pace(1e-6)
    fetching = Fetches(broker.send, pace, INNER)
    broker.there = {WEB.name}
    await fetching.send(0, whole(OUTER))
    assert pace.stretch > 1
    broker.there = {STORE.name}
    await fetching.send(1, whole(OUTER))
    assert pace.stretch == 1


@pytest.mark.parametrize("hop", [OUTER, INNER])
async def test_a_node_that_leads_one_hop_only_keeps_the_pace_with_every_fetch(hop: set[str]) -> None:
    broker = Broker(set(hop))
    fetching = fetches(broker, HOUR)
    await fetching.send(0, whole(hop))
    assert await keeps_the_pace(fetching, hop)


async def keeps_the_pace(fetching: Fetches, topics: set[str]) -> bool:
    """Whether the next fetch waits for its turn."""
    following = asyncio.create_task(fetching.send(0, whole(topics)))
    done, _ = await asyncio.wait([following], timeout=0.02)
    following.cancel()
    return not done


async def test_once_both_hops_bring_nothing_one_fetch_waits_for_everything_again() -> None:
    broker = Broker({WEB.name})
    fetching = fetches(broker)
    for _ in range(4):
        await fetching.send(0, whole())
    assert broker.asked == [(OUTER | INNER, LONG), (INNER, AT_ONCE), (OUTER, AT_ONCE), (OUTER | INNER, LONG)]


async def test_behind_a_backlog_everything_is_asked_for_without_waiting() -> None:
    broker = Broker(size=BACKLOG)
    fetching = fetches(broker, HOUR)
    for _ in range(4):
        broker.there = {CUSTOMER_EVENTS.name}
        await fetching.send(0, whole())
    assert broker.asked == [(OUTER | INNER, LONG)] * 4


async def test_a_node_that_leads_one_hop_only_is_always_asked_for_it() -> None:
    broker = Broker()
    fetching = fetches(broker)
    for _ in range(3):
        broker.there = {WEB.name}
        await fetching.send(0, whole(OUTER))
    assert {frozenset(topics) for topics, _ in broker.asked} == {frozenset(OUTER)}


async def test_without_a_pace_every_fetch_asks_for_everything() -> None:
    broker = Broker()
    fetching = fetches(broker, pace=0.0)
    for _ in range(3):
        broker.there = {WEB.name}
        await fetching.send(0, whole())
    assert broker.asked == [(OUTER | INNER, LONG)] * 3


async def test_what_a_request_asks_for_is_not_changed_by_asking_for_less() -> None:
    broker = Broker({WEB.name})
    fetching, request = fetches(broker), whole()
    await fetching.send(0, request)
    await fetching.send(0, request)
    assert {topic for topic, _ in request.topics} == OUTER | INNER


@given(st.lists(st.sets(st.sampled_from(sorted(OUTER | INNER))), max_size=20))
async def test_whatever_comes_is_fetched_within_three_fetches(arrivals: list[set[str]]) -> None:
    broker = Broker()
    fetching = fetches(broker)
    ages: dict[str, int] = {}
    for arrived in arrivals:
        broker.there |= arrived
        await fetching.send(0, whole())
        ages = {topic: ages.get(topic, 0) + 1 for topic in broker.there}
        assert all(age < 3 for age in ages.values())


async def test_a_topic_that_brings_nothing_for_long_is_in_every_third_round_until_it_brings_something() -> None:
    broker = Broker()
    fetching = fetches(broker)

    async def rounds(count: int) -> list[bool]:
        """Of the fetches of what comes from outside: whether they asked for the silent topic."""
        first = len(broker.asked)
        for _ in range(2 * count):
            broker.there |= {WEB.name, CUSTOMER_EVENTS.name}
            await fetching.send(0, whole())
        return [STORE.name in topics for topics, _ in broker.asked[first:] if WEB.name in topics]

    assert all(await rounds(ASLEEP))
    await rounds(NAP)
    asleep = await rounds(3 * NAP)
    assert asleep.count(True) == 3
    broker.there.add(STORE.name)
    await rounds(NAP)
    assert STORE.name not in broker.there
    assert all(await rounds(ASLEEP // 2)), "it is awake again"


async def test_a_broker_that_needs_longer_is_given_longer() -> None:
    broker = SlowBroker({WEB.name})
    fetching = Fetches(broker.send, Pace(1e-6), INNER)
    hasty = FetchRequest(4, 1, 1 << 20, 0, [(topic, [(0, 5, 1 << 20)]) for topic in sorted(OUTER | INNER)])
    for _ in range(4):
        await fetching.send(0, hasty)
    assert [wait for _, wait in broker.asked] == [4, 8, 16, 32]
    assert not broker.there


async def test_a_broker_with_nothing_new_is_not_given_longer() -> None:
    broker = Broker()
    fetching = fetches(broker)
    for _ in range(3):
        await fetching.send(0, whole())
    assert [wait for _, wait in broker.asked] == [LONG] * 3


class WithOpenTransaction(Broker):
    """Holds records of a transaction that is neither committed nor taken back."""

    async def send(self, node: int, request: object, **how: object) -> object:
        assert isinstance(request, FetchRequest)
        self.asked.append(({topic for topic, _ in request.topics}, request._max_wait_ms))
        return Answer([(topic, [(0, 0, 99, 5, b"")]) for topic, _ in request.topics])


async def test_no_fetch_is_given_longer_for_the_sake_of_a_transaction_that_is_open() -> None:
    broker = WithOpenTransaction()
    fetching = fetches(broker)
    for _ in range(3):
        await fetching.send(0, whole())
    assert [wait for _, wait in broker.asked] == [LONG] * 3
