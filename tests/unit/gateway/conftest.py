"""Fixtures of the gateway's tests: one gateway per module, its world swept clean for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.unit.gateway.running import Running, running

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starting and stopping a server takes a quarter of a second; a module's tests share its loop."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Running]:
    async with running() as gateway:
        yield gateway


@pytest.fixture
def gateway(started: Running) -> Running:
    started.sweep()
    return started
