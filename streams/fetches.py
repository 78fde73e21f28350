"""When a worker asks Kafka for records, and for which: at a pace, and hop after hop.

A fetch and what follows from it cost the same for one record as for fifty. So while records keep coming, fetches leave
in rounds of two: at a pace for what comes from outside, and right behind it for what the worker writes because of that,
which waits at the broker until it is there. An event waits half a round on average, and for nothing between the hops.
Where rounds bring little they are further apart: of four workers each has a quarter of the events, and would pay for as
many rounds as one. After a silence one fetch waits for everything, and what comes is there at once. A topic that has
brought nothing for a while, where others bring much, is asked for in every third round: each of its partitions costs as
much as one of those.
"""

from collections.abc import Collection
from copy import copy
from typing import Any, Protocol, cast

from aiokafka.protocol.fetch import FetchRequest

from streams.fetch_wire import NO_ERROR, LeanFetch, Topics
from streams.topics.pace import Pace

QUIET = 2
"""Fetches in turn that bring nothing until one waits for everything: one of each hop."""

AT_ONCE = 1
"""Milliseconds. With 0 the embedded broker brings nothing, whatever there is."""

ASLEEP = 20
"""Rounds in turn that brought nothing of a topic until it is left out of most, half a second of them."""

NAP = 3
"""Rounds of which a topic that is asleep is in one."""

ON_ITS_WAY = 0.25
"""Of a round: how long the broker may wait for what a worker is writing. Kafka answers as soon as it is there, after
some 3 ms; the embedded broker always takes this long, and beside a worker that is slow what comes from outside must
not be held up."""

LONGEST = 1000
"""Milliseconds that a broker is given at most when it brings nothing though there is something."""

BACKLOG = 256 * 1024
"""Bytes, a thousand events, from which a fetch is large enough: the next asks for everything and waits for nothing."""


LITTLE = 4 * 1024
"""Bytes of a round over all brokers, some ten events, below which it costs far more than what it brought."""

FURTHER_OFF = 1.5
"""Times the pace between rounds that bring little: 12 ms more, for an event 6 on average."""


class Send(Protocol):
    """How a client sends a request; the answer is the broker's."""

    async def __call__(self, node: int, request: object, **how: object) -> object: ...


class Fetched(Protocol):
    """A broker's answer: by topic, of each partition its number, an error code, where its log ends, where the first
    open transaction begins, and more; last its records, as bytes. Without those that have nothing new to say."""

    @property
    def topics(self) -> list[tuple[str, list[tuple[Any, ...]]]]: ...


class Fetches:
    """Stands before a client's `send`. inner: the topics that a worker writes itself and reads again.

    Requests that are no fetches pass. What a fetch is narrowed to is a choice among the partitions asked for; those
    left out are asked for again next time.
    """

    def __init__(self, send: Send, pace: Pace, inner: Collection[str]) -> None:
        self._send = send
        self._pace = pace
        self._inner = frozenset(inner)
        self._turns: dict[int, bool] = {}
        self._quiet: dict[int, int] = {}
        self._behind: set[int] = set()
        self._needs: dict[int, int] = {}
        self._hops: dict[int, set[bool]] = {}
        self._naps: dict[tuple[int, str], int] = {}
        self._brought: dict[int, int] = {}

    async def send(self, node: int, request: object, **how: object) -> object:
        if not isinstance(request, FetchRequest):
            return await self._send(node, request, **how)
        self._hops.setdefault(node, set()).update(entry[0] in self._inner for entry in request.topics)
        if node not in self._behind and not self._follows(node, request):
            await self._pace.turn()
        asked = self._unhurried(node, self._part(node, request))
        answer = await self._send(node, LeanFetch.of(asked), **how)
        self._heard(node, cast(Fetched, answer))
        if _was_hurried(asked, cast(Fetched, answer)):
            self._needs[node] = min(max(2 * asked._max_wait_ms, 2), LONGEST)  # noqa: SLF001
        return answer

    def _unhurried(self, node: int, request: FetchRequest) -> FetchRequest:
        """With as much time as this broker was seen to need: the embedded one looks for longer the more it holds, and
        brings nothing of what it has not found in time."""
        needs = self._needs.get(node, 0)
        if needs <= request._max_wait_ms:  # noqa: SLF001
            return request
        patient = copy(request)
        patient._max_wait_ms = needs  # noqa: SLF001
        return patient

    def _part(self, node: int, whole: FetchRequest) -> FetchRequest:
        """Where records keep coming, the topics whose turn it is; all of them where there are none of those."""
        if self._pace.seconds == 0 or node not in self._turns or node in self._behind:
            return whole
        topics = [entry for entry in whole.topics if (entry[0] in self._inner) == self._turns[node]]
        if not topics:
            return whole
        topics = [entry for entry in topics if self._is_awake(node, entry[0])] or topics
        is_on_its_way = self._follows(node, whole) and not self._quiet[node]
        return _part_of(whole, topics, self._patience if is_on_its_way else AT_ONCE)

    def _is_awake(self, node: int, topic: str) -> bool:
        """Counts the rounds that it is left out of, too."""
        rounds = self._naps.get((node, topic), 0)
        if rounds > ASLEEP and rounds % NAP:
            self._naps[node, topic] = rounds + 1
            return False
        return True

    @property
    def _patience(self) -> int:
        return max(int(self._pace.seconds * 1000 * ON_ITS_WAY), AT_ONCE)

    def _follows(self, node: int, request: FetchRequest) -> bool:
        """Whether this is the second of a round. A broker that leads one hop only has rounds of one."""
        turn = self._turns.get(node, False) and len(self._hops[node]) > 1
        return turn and any(entry[0] in self._inner for entry in request.topics)

    def _heard(self, node: int, answer: Fetched) -> None:
        brought = 0
        for topic, partitions in answer.topics:
            found = sum(len(_records(partition)) for partition in partitions)
            self._naps[node, topic] = 0 if found else self._naps.get((node, topic), 0) + 1
            brought += found
        if not self._turns.get(node, False):
            self._brought[node] = brought
            self._pace.stretch = FURTHER_OFF if sum(self._brought.values()) < LITTLE else 1.0
        (self._behind.add if brought >= BACKLOG else self._behind.discard)(node)
        self._quiet[node] = 0 if brought else self._quiet.get(node, 0) + 1
        if self._quiet[node] >= QUIET:
            self._turns.pop(node, None)
        elif brought or node in self._turns:
            self._turns[node] = not self._turns.get(node, False)


def _records(partition: tuple[Any, ...]) -> bytes:
    return cast(bytes, partition[-1]) or b""


def _was_hurried(asked: FetchRequest, answer: Fetched) -> bool:
    """Whether nothing came although the answer itself says that a log goes on behind what was asked for."""
    partitions = [(topic, partition) for topic, found in answer.topics for partition in found]
    if any(_records(partition) for _, partition in partitions):
        return False
    wanted = {(topic, number): offset for topic, partitions in asked.topics for number, offset, _ in partitions}
    return any(
        error == NO_ERROR and _readable(highwater, stable) > wanted.get((topic, number), highwater)
        for topic, (number, error, highwater, stable, *_) in partitions
    )


def _readable(highwater: int, stable: int) -> int:
    """What lies behind a transaction that is still open is brought to nobody, however long the broker is given."""
    return highwater if stable < 0 else min(highwater, stable)


def _part_of(whole: FetchRequest, topics: Topics, wait_ms: int) -> FetchRequest:
    """The same for some of its topics, with so long for something to be there."""
    part = copy(whole)
    part._topics = topics  # noqa: SLF001 - aiokafka's request has no other way to be made from another
    part._max_wait_ms = wait_ms  # noqa: SLF001
    return part
