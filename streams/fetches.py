"""When a worker asks Kafka for records, and for which: at a pace, and hop after hop.

A fetch and what follows from it cost the same for one record as for fifty. So while records keep coming, fetches leave
at a pace and in turn: first for what comes from outside, then for what the worker wrote because of it. Each agent then
works every other time, on twice as much, and an event takes no longer than if both were asked for every time. After a
silence one fetch waits for everything, and what comes is there at once.
"""

from collections.abc import Collection
from copy import copy
from typing import Any, Protocol, cast

from aiokafka.protocol.fetch import FetchRequest

from streams.topics.pace import Pace

Topics = list[tuple[str, list[tuple[int, int, int]]]]
"""Topic; of each partition its number, the offset asked for and the bytes wanted at most."""

QUIET = 2
"""Fetches in turn that bring nothing until one waits for everything: one of each hop."""

AT_ONCE = 1
"""Milliseconds. With 0 the embedded broker brings nothing, whatever there is."""

LONGEST = 1000
"""Milliseconds that a broker is given at most when it brings nothing though there is something."""

BACKLOG = 256 * 1024
"""Bytes, a thousand events, from which a fetch is large enough: the next asks for everything and waits for nothing."""


NO_ERROR = 0


class Send(Protocol):
    """How a client sends a request; the answer is the broker's."""

    async def __call__(self, node: int, request: object, **how: object) -> object: ...


class Fetched(Protocol):
    """A broker's answer: by topic, of each partition its number, an error code, where its log ends, and more; last its
    records, as bytes."""

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

    async def send(self, node: int, request: object, **how: object) -> object:
        if not isinstance(request, FetchRequest):
            return await self._send(node, request, **how)
        if node not in self._behind:
            await self._pace.turn()
        asked = self._unhurried(node, self._part(node, request))
        answer = await self._send(node, asked, **how)
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
        return _part_of(whole, topics) if topics else whole

    def _heard(self, node: int, answer: Fetched) -> None:
        brought = sum(len(_records(partition)) for _, partitions in answer.topics for partition in partitions)
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
    wanted = {(topic, number): offset for topic, partitions in asked.topics for number, offset, _ in partitions}
    partitions = [(topic, partition) for topic, found in answer.topics for partition in found]
    if any(_records(partition) for _, partition in partitions):
        return False
    return any(
        error == NO_ERROR and highwater > wanted.get((topic, number), highwater)
        for topic, (number, error, highwater, *_) in partitions
    )


def _part_of(whole: FetchRequest, topics: Topics) -> FetchRequest:
    """The same for some of its topics, answered at once with what is there."""
    part = copy(whole)
    part._topics = topics  # noqa: SLF001 - aiokafka's request has no other way to be made from another
    part._max_wait_ms = AT_ONCE  # noqa: SLF001
    return part
