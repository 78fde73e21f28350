"""Partitions whose Redis server does not answer: they go on by themselves as soon as it does, all others without them.

An agent takes one fetch at a time. Waited for as a whole, one server of a cluster that hangs would hold up what the
others keep, too. So who waits too long is left behind: its partitions are not fetched any more, and what of theirs was
on its way is kept for them, some fetches at most. They come back when they have done it. A partition is worked on by
one task at a time, so its order holds; that everything is applied once is for the ledger to say, as ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from streams.received import Records

PATIENCE = 0.5
"""Seconds without an answer after which a server is not waited for by those who need another; a lag of one second is
what is promised to them."""

LOOK_EVERY = 0.1
"""Seconds between two looks at who is late."""

Work = Callable[[Mapping[int, Records]], Awaitable[None]]
"""Done when all of the records are; whatever fails is tried again by itself."""

log = structlog.get_logger()


class Flow(Protocol):
    """What brings records: it can leave out partitions for a while."""

    def pause(self, partitions: Iterable[int]) -> None: ...

    def resume(self, partitions: Iterable[int]) -> None: ...


def always_answers(_partition: int) -> float:
    return 0.0


@dataclass(eq=False)
class Behind:
    """task: what waits. returning: follows it, and does what was kept."""

    task: "asyncio.Task[None]"
    returning: "asyncio.Task[None]"

    def cancel(self) -> None:
        """Both: who was left behind just now is not being followed yet."""
        self.task.cancel()
        self.returning.cancel()


@dataclass(eq=False)
class Stragglers:
    """Of one agent. silence: seconds that the server of a partition has owed an answer. flow: None where records come
    from no consumer."""

    silence: Callable[[int], float] = always_answers
    flow: Flow | None = None
    _behind: "dict[int, Behind]" = field(default_factory=dict)
    _kept: dict[int, Records] = field(default_factory=dict)

    def __contains__(self, partition: int) -> bool:
        return partition in self._behind

    def keep(self, fetched: Mapping[int, Records]) -> dict[int, Records]:
        """What is not of a straggler; the rest is done when it is that straggler's turn."""
        for partition in self._behind.keys() & fetched.keys():
            self._kept.setdefault(partition, []).extend(fetched[partition])
        return {partition: records for partition, records in fetched.items() if partition not in self._behind}

    async def round(self, tasks: Mapping[tuple[int, ...], Coroutine[None, None, None]], then: Work) -> None:
        """Returns when every task is done, or was left behind. tasks: by the partitions concerned, each in one.
        then: does what was kept meanwhile for those left behind."""
        running = {asyncio.ensure_future(task): partitions for partitions, task in tasks.items()}
        try:
            await self._accompany(running, then)
        except BaseException:
            for task, partitions in running.items():
                if not self._has_left(partitions):
                    task.cancel()
            raise

    def lost(self, partitions: Iterable[int]) -> None:
        """They belong to somebody else now, who reads again what was not done."""
        for behind in {self._behind.pop(partition) for partition in set(partitions) & self._behind.keys()}:
            behind.cancel()
        for partition in partitions:
            self._kept.pop(partition, None)

    def close(self) -> None:
        self.lost(list(self._behind))

    async def _accompany(self, running: "Mapping[asyncio.Task[None], tuple[int, ...]]", then: Work) -> None:
        waiting = set(running)
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=LOOK_EVERY)
            for task in done:
                task.result()
            for task in [task for task in waiting if self._is_late(running[task])]:
                waiting.discard(task)
                self._leave(task, running[task], then)

    def _is_late(self, partitions: Iterable[int]) -> bool:
        return any(self.silence(partition) > PATIENCE for partition in partitions)

    def _has_left(self, partitions: Iterable[int]) -> bool:
        return any(partition in self._behind for partition in partitions)

    def _leave(self, task: "asyncio.Task[None]", partitions: tuple[int, ...], then: Work) -> None:
        log.warning("not waited for any more", partitions=partitions)
        if self.flow is not None:
            self.flow.pause(partitions)
        behind = Behind(task, asyncio.ensure_future(self._come_back(task, partitions, then)))
        self._behind.update(dict.fromkeys(partitions, behind))

    async def _come_back(self, task: "asyncio.Task[None]", partitions: tuple[int, ...], then: Work) -> None:
        try:
            await task
            while kept := {partition: self._kept.pop(partition) for partition in partitions if partition in self._kept}:
                await then(kept)
        finally:
            self._return(partitions)

    def _return(self, partitions: Iterable[int]) -> None:
        """Those that were not lost meanwhile. Without a pause after the last look at what was kept."""
        me = asyncio.current_task()
        mine = [p for p in partitions if p in self._behind and self._behind[p].returning is me]
        for partition in mine:
            del self._behind[partition]
        if mine and self.flow is not None:
            self.flow.resume(mine)
            log.info("goes on with the others", partitions=mine)
