"""Who of this process listens to which inbox."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

Place = tuple[int, str]
"""A partition and a customer."""


class InboxListener:
    """A Listener port: news that came before the wait are not missed."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def wait(self, timeout: float) -> bool:
        try:
            async with asyncio.timeout(timeout):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Listeners:
    """Hands a wake-up to the listeners of a customer."""

    def __init__(self) -> None:
        self._listening: dict[Place, set[InboxListener]] = defaultdict(set)

    @contextmanager
    def listen(self, partition: int, customer: str) -> Iterator[InboxListener]:
        place, listener = (partition, customer), InboxListener()
        self._listening[place].add(listener)
        try:
            yield listener
        finally:
            self._listening[place].discard(listener)
            if not self._listening[place]:
                del self._listening[place]

    def wake(self, partition: int, customer: str) -> None:
        for listener in self._listening.get((partition, customer), ()):
            listener.wake()

    def wake_all(self) -> None:
        for listeners in self._listening.values():
            for listener in listeners:
                listener.wake()
