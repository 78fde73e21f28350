"""One Redis and one broker for all contract tests, and partitions that no other test uses."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from caudal.embedded import embedded_broker
from streams.settings import Settings
from streams.state import State, Views
from streams.state.memory import MemoryState
from streams.state.redis import RedisState, RedisViews
from streams.topics.provision import provision
from streams.topics.publisher import Publisher
from tests.redis_cluster import RunningCluster, redis_cluster
from tests.servers import BROKER, clean_broker, clean_redis

INBOX_MESSAGES = 5
"""Messages kept in an inbox, few enough to fill one in a test."""

_partitions = count(1000)


@dataclass(frozen=True)
class Adapter:
    """Both ports over the same data."""

    state: State
    views: Views


@pytest.fixture
def partition() -> int:
    return next(_partitions)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with clean_redis() as url:
        yield url


def redis_settings(url: str, **changes: object) -> Settings:
    return Settings.model_validate(
        {"redis_url": url, "inbox_messages": INBOX_MESSAGES, "redis_timeout": 5.0, "read_deadline": 2.0, **changes}
    )


@pytest.fixture
async def redis_state(redis_url: str) -> AsyncIterator[RedisState]:
    state = RedisState.from_settings(redis_settings(redis_url))
    yield state
    await state.close()


@pytest.fixture
async def redis_views(redis_url: str) -> AsyncIterator[RedisViews]:
    views = RedisViews.from_settings(redis_settings(redis_url))
    yield views
    await views.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[RunningCluster]:
    """Three primaries; shared, so its slots stay where they are."""
    with redis_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def moving() -> Iterator[RunningCluster]:
    """Its slots move, its servers pause; every test finds out what is where."""
    with redis_cluster() as running:
        for member in running.primaries:
            member.ask("CONFIG SET", "cluster-require-full-coverage", "no")
        yield running


@pytest.fixture(params=["memory", "redis", "cluster"])
async def adapter(request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    if request.param == "memory":
        memory = MemoryState(inbox_messages=INBOX_MESSAGES)
        yield Adapter(memory, memory)
        return
    clustered = request.param == "cluster"
    url = request.getfixturevalue("cluster").url if clustered else request.getfixturevalue("redis_url")
    state = RedisState.from_settings(redis_settings(url))
    views = RedisViews.from_settings(redis_settings(url))
    yield Adapter(state, views)
    await state.close()
    await views.close()


@dataclass(frozen=True)
class Broker:
    """address: host:port. settings: the topics are as they want them."""

    address: str
    settings: Settings

    def publisher(self) -> Publisher:
        return Publisher(self.address, idempotent=self.settings.idempotent_producer)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """With all topics; shared, so its records are not all one's own."""
    with clean_broker() as address:
        yield provisioned(address)


@pytest.fixture
def fresh_broker() -> Iterator[Broker]:
    """With all topics, empty. Always an embedded one: the shared broker may be a real one."""
    with embedded_broker() as server:
        yield provisioned(server.address, idempotent=False)


def provisioned(address: str, *, idempotent: bool = BROKER in os.environ) -> Broker:
    settings = Settings(broker=address, idempotent_producer=idempotent)
    provision(settings)
    return Broker(address, settings)
