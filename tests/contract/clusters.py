"""What tests of a Redis Cluster do to it, and ask of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from streams.state import StateUnavailable, keys
from streams.state.redis import RedisState, RedisViews
from tests.contract.conftest import redis_settings
from tests.patience import PATIENCE
from tests.redis_cluster import Member, RunningCluster

T = TypeVar("T")


@asynccontextmanager
async def state_at(url: str, **changes: object) -> AsyncIterator[RedisState]:
    state = RedisState.from_settings(redis_settings(url, **changes))
    try:
        yield state
    finally:
        await state.close()


@asynccontextmanager
async def views_at(url: str, **changes: object) -> AsyncIterator[RedisViews]:
    views = RedisViews.from_settings(redis_settings(url, **changes))
    try:
        yield views
    finally:
        await views.close()


def owner(cluster: RunningCluster, partition: int) -> Member:
    return cluster.owner(keys.ledger(partition))


def elsewhere(cluster: RunningCluster, partition: int) -> Member:
    """A primary that does not have the partition."""
    return next(member for member in cluster.primaries if member is not owner(cluster, partition))


def many(partition: int, number: int) -> range:
    """Partitions that no other test uses: up to a hundred."""
    return range(100 * partition, 100 * partition + number)


def one_each(cluster: RunningCluster, partition: int) -> list[int]:
    """A partition of each primary that no other test uses."""
    found = {owner(cluster, other).port: other for other in many(partition, 40)}
    assert len(found) == len(cluster.primaries)
    return list(found.values())


@contextmanager
def paused(cluster: RunningCluster, member: Member) -> Iterator[None]:
    member.pause()
    try:
        yield
    finally:
        member.resume()
        cluster.settle()


def looks(members: Sequence[Member]) -> int:
    """Times that any of them was asked for the map."""
    told = [information(member, "commandstats").get("cmdstat_cluster|slots", "calls=0") for member in members]
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in told)


def information(member: Member, section: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in member.ask("INFO", section).decode().split() if ":" in line)


async def eventually(action: Callable[[], Awaitable[T]]) -> T:
    """Its result as soon as Redis is there again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await action()
        except StateUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
