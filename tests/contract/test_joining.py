"""A worker that is started before Kafka: its consumer waits, joins as soon as Kafka is there, and can be stopped."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path

import faust
import pytest

from caudal.child import Child
from caudal.embedded import EMBEDDED_BROKER, broker_answers, broker_command, free_port
from streams.faust_app import bind, faust_app
from streams.patience import WAITS
from streams.records import Fetched
from streams.settings import Settings

pytestmark = pytest.mark.live

PATIENCE = 20.0
"""Seconds for what takes one or two."""


async def reads_nothing(stream: AsyncIterable[Fetched]) -> None:
    async for _ in stream:
        pass


async def waiting_app(port: int) -> tuple[faust.App, "asyncio.Task[None]"]:
    """An app that has found no Kafka at the port and waits for it."""
    app = faust_app(Settings(broker=f"127.0.0.1:{port}", group="early", **EMBEDDED_BROKER))
    bind(app, "identify", reads_nothing)
    app.finalize()
    starting = asyncio.create_task(app.start())
    async with asyncio.timeout(PATIENCE):
        while not WAITS.now["kafka"] and not starting.done():
            await asyncio.sleep(0.02)
    return app, starting


async def test_a_consumer_that_is_there_before_kafka_waits_and_joins(tmp_path: Path) -> None:
    port = free_port()
    app, starting = await waiting_app(port)
    assert not starting.done()
    broker = Child.start("broker", broker_command(port, tmp_path), tmp_path / "broker.log")
    try:
        broker.wait_ready(lambda: broker_answers(port), PATIENCE)
        await asyncio.wait_for(starting, PATIENCE)
        assert not WAITS.now["kafka"]
        await asyncio.wait_for(app.stop(), PATIENCE)
        assert not app.crashed
    finally:
        broker.stop(1.0)


async def test_a_consumer_that_waits_for_kafka_can_be_stopped() -> None:
    app, starting = await waiting_app(free_port())
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    await asyncio.wait_for(app.stop(), PATIENCE)
    assert not app.crashed
