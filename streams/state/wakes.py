"""Wake-ups of inbox listeners, over one subscribing connection per process.

The channel of a partition carries the ids of customers with news. After a broken connection everybody is woken,
since something may have been missed.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis.exceptions import RedisError

from streams.state import keys
from streams.state.calls import Calls
from streams.state.listeners import InboxListener, Listeners

log = structlog.get_logger()

RECONNECT_PAUSE = 1.0
"""Seconds between two attempts to subscribe; meanwhile listeners hear nothing and their owners read on a timer."""


class Wakes:
    """Subscribes with the first listener, to the channels of all partitions."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._listeners = Listeners()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, partition: int, customer: str) -> Iterator[InboxListener]:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="listen for wake-ups")
        with self._listeners.listen(partition, customer) as listener:
            yield listener

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._subscribe()
            except (RedisError, OSError) as fault:
                log.warning("no wake-ups", fault=str(self._calls.unavailable(fault)))
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _subscribe(self) -> None:
        async with self._calls.subscriber().pubsub() as subscription:
            await subscription.psubscribe(keys.ALL_WAKES)
            async for message in subscription.listen():
                if message["type"] == "pmessage":
                    self._listeners.wake(keys.partition_of_wakes(message["channel"]), message["data"].decode())
                else:
                    self._listeners.wake_all()
