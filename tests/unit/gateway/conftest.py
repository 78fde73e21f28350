"""Fixtures of the gateway's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.gateway.running import Running, running


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running() as started:
        yield started
