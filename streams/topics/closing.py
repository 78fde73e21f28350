"""Closing a Kafka client so that whoever closes it can still be cancelled.

aiokafka 0.14 cancels tasks of its own while it closes and forgives each of them its cancellation; one that is meant
for the caller, a Ctrl-C at the wrong moment, is forgiven with them and lost.
"""

import asyncio
from typing import Protocol


class Client(Protocol):
    """A consumer of aiokafka, or a producer."""

    async def stop(self) -> None: ...


async def close(client: Client) -> None:
    """Raises CancelledError as soon as it is cancelled; the closing then goes on by itself."""
    await asyncio.shield(asyncio.ensure_future(client.stop()))
