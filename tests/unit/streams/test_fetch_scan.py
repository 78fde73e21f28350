"""What is fetched next is what the client itself would fetch, found with less work."""

from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11
from aiokafka.structs import PartitionMetadata

from streams.fetch_scan import FetchScan

PLACES = [TopicPartition(topic, number) for topic in ("web", "store") for number in range(3)]


@dataclass
class Cluster:
    """The client's metadata: who leads what."""

    _partitions: dict[str, dict[int, PartitionMetadata]]

    def leader_for_partition(self, place: TopicPartition) -> int:
        return int(self._partitions[place.topic][place.partition].leader)


@dataclass
class Client:
    """What a fetcher needs of it to look around; nothing is sent."""

    cluster: Cluster
    _loop: object = None
    _metadata_max_age_ms: int = 1000


def led_by(leaders: dict[TopicPartition, int]) -> dict[str, dict[int, PartitionMetadata]]:
    found: dict[str, dict[int, PartitionMetadata]] = {}
    for place, leader in leaders.items():
        found.setdefault(place.topic, {})[place.partition] = PartitionMetadata(*place, leader, [], [], 0)
    return found


class Held:
    """What a fetch brought and nobody took yet."""

    def __init__(self, backoff: float) -> None:
        self.backoff = backoff

    def calculate_backoff(self) -> float:
        return self.backoff


class Looking:
    """A fetcher with an assignment of PLACES, each led by node 1 or 2, at offset 5."""

    def __init__(self, fetcher: Fetcher, subscriptions: SubscriptionState) -> None:
        self.fetcher, self.subscriptions = fetcher, subscriptions
        self.walk = fetcher._get_actions_per_node
        self.scan = FetchScan(fetcher)
        self.assign()

    def assign(self, *places: TopicPartition) -> None:
        self.subscriptions.assign_from_user(places or PLACES)
        self.assignment = self.subscriptions.subscription.assignment
        for place in self.assignment.tps:
            self.assignment.state_value(place).reset_to(5)

    def agree(self) -> bool:
        return told(self.scan(self.assignment)) == told(self.walk(self.assignment))

    def lead(self, leaders: dict[TopicPartition, int]) -> None:
        self.fetcher._client.cluster._partitions = led_by(leaders)


def write(request: FetchRequest) -> None:
    """Only then it is looked up what is asked for."""
    request.build(FetchRequest_v11)


def told(actions: tuple[Any, ...]) -> object:
    """Without the order of partitions, which is chance."""
    requests, resets, seconds, unknown, resumes = actions
    for _, request in requests:
        write(request)
    asked = {node: sorted((topic, sorted(entries)) for topic, entries in request.topics) for node, request in requests}
    return asked, {node: sorted(places) for node, places in resets.items()}, seconds, unknown, len(resumes)


@pytest.fixture
async def looking() -> Looking:
    client = Client(Cluster(led_by({place: 1 + place.partition % 2 for place in PLACES})))
    subscriptions = SubscriptionState()
    fetcher = Fetcher(client, subscriptions)
    await fetcher.close()  # It can still be asked, and does nothing by itself.
    return Looking(fetcher, subscriptions)


async def test_every_partition_is_asked_for_at_its_leader(looking: Looking) -> None:
    assert looking.agree()
    requests, *_ = looking.scan(looking.assignment)
    assert sorted(node for node, _ in requests) == [1, 2]


async def test_positions_and_what_is_held_are_seen_at_every_look(looking: Looking) -> None:
    assert looking.agree()
    looking.assignment.state_value(PLACES[0]).consumed_to(9)
    looking.fetcher._records[PLACES[1]] = Held(0.0)
    assert looking.agree()
    looking.fetcher._records[PLACES[1]] = Held(0.25)
    assert looking.agree()
    looking.fetcher._in_flight.add(1)
    assert looking.agree()


async def test_a_paused_partition_and_one_whose_beginning_is_unknown_are_left_to_the_client(
    looking: Looking,
) -> None:
    looking.assignment.state_value(PLACES[0]).pause()
    assert looking.agree()
    looking.assignment.state_value(PLACES[0]).resume()
    looking.assignment.state_value(PLACES[2]).await_reset(-2)
    assert looking.agree()


async def test_another_leader_or_assignment_is_followed_at_once(looking: Looking) -> None:
    assert looking.agree()
    looking.lead(dict.fromkeys(PLACES, 2))
    assert looking.agree()
    looking.lead({place: -1 if place == PLACES[3] else 2 for place in PLACES})
    assert looking.agree()
    looking.lead(dict.fromkeys(PLACES, 2))
    looking.assign(*PLACES[:2])
    assert looking.agree()


async def test_no_partition_is_always_the_last_to_be_asked_for(looking: Looking) -> None:
    looking.lead(dict.fromkeys(PLACES, 1))
    firsts = set()
    for _ in range(2 * len(PLACES)):
        [(_, request)], *_ = looking.scan(looking.assignment)
        write(request)
        topic, entries = request.topics[0]
        firsts.add(TopicPartition(topic, entries[0][0]))
    assert firsts == set(PLACES)


async def test_what_is_asked_for_is_where_a_partition_stands_when_the_request_is_written(looking: Looking) -> None:
    looking.lead(dict.fromkeys(PLACES, 1))
    [(_, request)], *_ = looking.scan(looking.assignment)
    assert not any(entries for _, entries in request.topics), "a topic that is left out costs nothing"
    looking.assignment.state_value(PLACES[0]).consumed_to(9)
    write(request)
    asked = {(topic, number): offset for topic, entries in request.topics for number, offset, _ in entries}
    assert asked == {place: 9 if place == PLACES[0] else 5 for place in PLACES}
