"""What a run holds open to the system: the gateway's door, Kafka to write and to listen, Redis to recount."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from caudal.demo.door import Door, new_client
from caudal.demo.run import Run
from caudal.demo.tally import Ear
from streams.state.redis import RedisState
from streams.topics.publisher import Publisher


@dataclass(frozen=True)
class Connections:
    door: Door
    publisher: Publisher
    state: RedisState
    ear: Ear


@asynccontextmanager
async def connected(run: Run) -> AsyncIterator[Connections]:
    """From here on the ear hears everything that comes out."""
    settings = run.system.settings
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    state = RedisState.from_settings(settings)
    ear = await asyncio.to_thread(Ear, settings)
    try:
        await publisher.start()
        async with new_client(run.system.gateway) as client:
            yield Connections(Door(client, run.system.keys, run.journal), publisher, state, ear)
    finally:
        await publisher.stop()
        await state.close()
        ear.close()
