"""What a fetch that brings nothing costs a worker, by how many partitions it has: the Kafka client alone, and ours.

No broker: the client's fetcher looks for what to do while one fetch is on its way and once it is back, asks for one of
the worker's topics (the others are asleep, `streams.fetches`), and takes in an answer in which nothing is new. CPU of
this process; the best of some rounds, which others on the machine disturb least.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11, FetchResponse_v11
from aiokafka.structs import PartitionMetadata

from benchmarks.report import show
from streams.faust_app import READERS
from streams.fetch_scan import FetchScan
from streams.topics import APP

NODE = 1
"""The broker, which leads everything."""

OFFSET = 1_000_000
"""Where every log ends and every partition stands."""

FETCHES = 50
"""Of a round."""


class Cluster:
    """All that the fetcher asks of the metadata."""

    def __init__(self, places: list[TopicPartition]) -> None:
        self._partitions: dict[str, dict[int, PartitionMetadata]] = {}
        for place in places:
            known = self._partitions.setdefault(place.topic, {})
            known[place.partition] = PartitionMetadata(*place, NODE, [], [], 0)

    def leader_for_partition(self, place: TopicPartition) -> int:
        return int(self._partitions[place.topic][place.partition].leader)


@dataclass
class Client:
    """Answers without a network, of one topic: the others are left out. answer: the bytes of every answer."""

    cluster: Cluster
    answer: bytes
    _loop: object = None
    _metadata_max_age_ms: int = 300_000

    async def send(self, node: int, request: FetchRequest) -> Any:
        part = copy(request)
        part._topics = [entry for entry in request.topics if entry[0] == APP.name]  # noqa: SLF001 - as `streams.fetches`
        built = part.build(FetchRequest_v11)
        built.encode()
        return built.RESPONSE_TYPE.decode(self.answer)


def prepared(partitions: int) -> tuple[Fetcher, Client, Any]:
    """A fetcher that was assigned so many partitions of each topic and stands at the end of all; its assignment."""
    places = [TopicPartition(topic, number) for topic in READERS for number in range(partitions)]
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user(places)
    assignment = subscriptions.subscription.assignment
    for place in places:
        state = assignment.state_value(place)
        state.reset_to(OFFSET)
        state.highwater = state.lso = OFFSET
    silent: list[tuple[object, ...]] = [(n, 0, OFFSET, OFFSET, 0, [], -1, b"") for n in range(partitions)]
    client = Client(Cluster(places), FetchResponse_v11(0, 0, 0, [(APP.name, silent)]).encode())
    return Fetcher(client, subscriptions), client, assignment


async def fetch(fetcher: Fetcher, client: Client, assignment: Any) -> None:
    """One, with the looks before and after it."""
    fetcher._in_flight.add(NODE)  # noqa: SLF001 - what is measured is the client's inside
    fetcher._get_actions_per_node(assignment)  # noqa: SLF001
    fetcher._in_flight.clear()  # noqa: SLF001
    [(node, request)], *_ = fetcher._get_actions_per_node(assignment)  # noqa: SLF001
    await fetcher._proc_fetch_request(assignment, node, request)  # noqa: SLF001


async def measure(partitions: int, rounds: int, *, ours: bool) -> float:
    """Microseconds of CPU a fetch."""
    fetcher, client, assignment = prepared(partitions)
    await fetcher.close()
    if ours:
        FetchScan.install(fetcher)
    return min([await timed(lambda: fetch(fetcher, client, assignment)) for _ in range(rounds)])


async def timed(action: Callable[[], Awaitable[None]]) -> float:
    started = time.process_time()
    for _ in range(FETCHES):
        await action()
    return (time.process_time() - started) / FETCHES * 1e6


async def run(partitions: list[int], rounds: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for count in partitions:
        client = await measure(count, rounds, ours=False)
        ours = await measure(count, rounds, ours=True)
        figures |= {f"client_us_{count}_partitions": client, f"us_{count}_partitions": ours}
        figures[f"times_less_{count}_partitions"] = client / ours
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, nargs="*", default=[4, 16, 64], help="of each topic (4 16 64)")
    parser.add_argument("--rounds", type=int, default=10, help=f"of {FETCHES} fetches, the best counts (default 10)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    show("CPU of a fetch that brings nothing", asyncio.run(run(given.partitions, given.rounds)), as_json=given.json)


if __name__ == "__main__":
    main()
