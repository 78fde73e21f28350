"""One Redis for all contract tests, and partitions that no other test uses."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from streams.settings import Settings
from streams.state import State, Views
from streams.state.memory import MemoryState
from streams.state.redis import RedisState, RedisViews
from tests.servers import clean_redis

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


@pytest.fixture(params=["memory", "redis"])
async def adapter(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Adapter]:
    if request.param == "memory":
        memory = MemoryState(inbox_messages=INBOX_MESSAGES)
        yield Adapter(memory, memory)
        return
    state = RedisState.from_settings(redis_settings(redis_url))
    views = RedisViews.from_settings(redis_settings(redis_url))
    yield Adapter(state, views)
    await state.close()
    await views.close()
