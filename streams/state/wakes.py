"""Wake-ups of inbox listeners, over one subscribing connection per process.

The channel of a partition carries the ids of customers with news. After a broken connection everybody is woken,
since something may have been missed. In a cluster any server hears what is published at another.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

from streams.state import StateUnavailable, keys
from streams.state.advice import unavailable
from streams.state.calls import Calls
from streams.state.cluster import Cluster
from streams.state.listeners import InboxListener, Listeners
from streams.state.node import Node
from streams.topics.endless import endless

log = structlog.get_logger()

RECONNECT_PAUSE = 1.0
"""Seconds between two attempts to subscribe; meanwhile listeners hear nothing and their owners read on a timer."""

QUIET = 10.0
"""Seconds without a wake-up after which the server is asked whether it is still there."""


class Wakes:
    """Subscribes with the first listener, to the channels of all partitions."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._listeners = Listeners()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, partition: int, customer: str) -> Iterator[InboxListener]:
        if self._task is None:
            listening = endless("wake-ups", self._run)
            self._task = asyncio.get_running_loop().create_task(listening, name="listen for wake-ups")
        with self._listeners.listen(partition, customer) as listener:
            yield listener

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        node: Node | None = None
        while True:
            try:
                server = await self._calls.server()
                node = server.any_node(shunned=node) if isinstance(server, Cluster) else server
                await self._hear(node)
            except StateUnavailable as fault:
                log.warning("no wake-ups", fault=str(fault))
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _hear(self, node: Node) -> None:
        """Until the connection breaks, or falls silent, or the server leaves the cluster."""
        try:
            async with Redis(connection_pool=node.pool).pubsub() as subscription:
                await subscription.psubscribe(keys.ALL_WAKES)
                asked = False
                while await self._serves(node):
                    message = await subscription.get_message(timeout=QUIET)
                    if message is None:
                        if asked:
                            raise ConnectionLost(f"it has said nothing for {2 * QUIET} s")
                        await subscription.ping()
                    asked = message is None
                    if message is not None:
                        self._heard(message)
        except (RedisError, OSError) as fault:
            raise unavailable(node.place, fault) from fault

    async def _serves(self, node: Node) -> bool:
        server = await self._calls.server()
        return not isinstance(server, Cluster) or server.has(node)

    def _heard(self, message: Mapping[str, object]) -> None:
        if message["type"] == "pmessage":
            channel, customer = cast(bytes, message["channel"]), cast(bytes, message["data"])
            try:
                self._listeners.wake(keys.partition_of_wakes(channel), customer.decode())
            except ValueError:
                log.warning("a wake-up that is not ours", bytes=len(channel) + len(customer))
        elif message["type"] == "psubscribe":
            self._listeners.wake_all()
