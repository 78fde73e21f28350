"""Which partitions are asked for next: what the client finds out anew for every fetch, remembered while it holds.

The client walks over all partitions, leader, state and all, two or three times a fetch, and shuffles them: with 64
partitions of each topic that was half of what a quiet worker did. Who leads what changes with the assignment and the
metadata alone; then, and where a partition needs anything but a fetch (it is paused, or nobody knows yet where to
begin), the client's own walk is asked. Offsets are looked up when a request is written: of most topics none is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher

from streams.fetch_wire import Asked, LeanFetch, Partitions, Topics

NOBODY = -1
"""Leader of a partition that has none now."""

Actions = tuple[list[tuple[int, Any]], Mapping[int, Any], float, bool, list[Any]]
"""As the client has them: fetches by node, resets by node, seconds until the next look, whether leaders are unknown,
what paused partitions wait for."""


class State(Protocol):
    """What is used of the client's record of a partition. highwater: where its log ended when it was last fetched."""

    _position: int | None
    _paused: bool
    highwater: int | None


class Assignment(Protocol):
    """What is used of the client's."""

    @property
    def tps(self) -> Iterable[TopicPartition]: ...

    def state_value(self, tp: TopicPartition) -> State: ...


Led = dict[int, dict[str, list[tuple[int, State]]]]
"""Partitions with their numbers, by leader and topic."""


class FetchScan:
    """Takes the place of a fetcher's `_get_actions_per_node`."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._walk = fetcher._get_actions_per_node  # noqa: SLF001 - aiokafka has no other place to look at less
        self._assignment: Assignment | None = None
        self._metadata: object = None
        self._led: Led | None = None
        self._turn = 0

    @classmethod
    def install(cls, fetcher: Fetcher) -> None:
        fetcher._get_actions_per_node = cls(fetcher)  # noqa: SLF001

    def __call__(self, assignment: Assignment) -> Actions:
        metadata = self._fetcher._client.cluster._partitions  # noqa: SLF001 - made anew by every update
        if assignment is not self._assignment or metadata is not self._metadata:
            self._assignment, self._metadata, self._led = assignment, metadata, _led(assignment, metadata)
        preferred = self._fetcher._preferred_read_replica  # noqa: SLF001
        actions = None if self._led is None or preferred else self._fetches(self._led)
        return cast(Actions, self._walk(assignment)) if actions is None else actions

    def _fetches(self, led: Led) -> Actions | None:
        """None where a fetch is not all that is needed."""
        fetcher, held = self._fetcher, self._fetcher._records  # noqa: SLF001
        waits = self._waits(held)
        requests: list[tuple[int, LeanFetch]] = []
        for node, topics in led.items():
            if node in waits or node in fetcher._in_flight:  # noqa: SLF001
                continue
            request = self._request(topics, held)
            if request is None:
                return None
            if request.topics:
                requests.append((node, request))
        return requests, {}, min(waits.values(), default=fetcher._fetcher_timeout), False, []  # noqa: SLF001

    def _waits(self, held: Mapping[TopicPartition, Any]) -> dict[int, float]:
        """Seconds for which a node is not asked since what it brought is not taken yet."""
        waits: dict[int, float] = {}
        for place, found in held.items():
            if wait := found.calculate_backoff():
                node = self._fetcher._client.cluster.leader_for_partition(place)  # noqa: SLF001
                waits[node] = max(wait, waits.get(node, 0.0))
        return waits

    def _request(
        self, topics: Mapping[str, list[tuple[int, State]]], held: Mapping[TopicPartition, Any]
    ) -> LeanFetch | None:
        """For every partition that holds nothing that is not taken yet; None where one cannot be fetched."""
        fetcher, self._turn = self._fetcher, self._turn + 1
        limit, asked = fetcher._max_partition_fetch_bytes, Topics()  # noqa: SLF001
        for topic, places in topics.items():
            for _, state in places:
                if state._position is None or state._paused:  # noqa: SLF001
                    return None
            free = [place for place in places if TopicPartition(topic, place[0]) not in held] if held else places
            if free:
                asked.append((topic, Asked(partial(_look, free, limit, self._turn))))
        return LeanFetch(
            fetcher._fetch_max_wait_ms,  # noqa: SLF001
            fetcher._fetch_min_bytes,  # noqa: SLF001
            fetcher._fetch_max_bytes,  # noqa: SLF001
            fetcher._isolation_level,  # noqa: SLF001
            _turned(asked, self._turn),
            fetcher._client_rack or "",  # noqa: SLF001
        )


def _led(assignment: Assignment, metadata: Mapping[str, Mapping[int, Any]]) -> Led | None:
    """None where a partition has no leader, or one that is not known."""
    led: defaultdict[int, defaultdict[str, list[tuple[int, State]]]] = defaultdict(lambda: defaultdict(list))
    for place in sorted(assignment.tps):
        known = metadata.get(place.topic, {}).get(place.partition)
        if known is None or known.leader in (None, NOBODY):
            return None
        led[known.leader][place.topic].append((place.partition, assignment.state_value(place)))
    return {node: dict(topics) for node, topics in led.items()}


def _look(places: Sequence[tuple[int, State]], limit: int, turn: int) -> tuple[Partitions, dict[int, int]]:
    """See `Asked`. limit: bytes of each."""
    partitions: Partitions = []
    ends: dict[int, int] = {}
    for number, state in places:
        position = state._position  # noqa: SLF001
        if position is not None:
            partitions.append((number, position, limit))
            if state.highwater == position:
                ends[number] = position
    return _turned(partitions, turn), ends


def _turned(entries: list[Any], turn: int) -> list[Any]:
    """Another one first every time: what does not fit into an answer is never the same."""
    first = turn % len(entries) if entries else 0
    return entries[first:] + entries[:first]
