"""An MQTT broker that lets anybody in, for tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event, Thread

from amqtt.broker import Broker

from caudal.embedded import free_port

PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


@asynccontextmanager
async def running_broker(port: int) -> AsyncIterator[None]:
    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    broker = Broker({"listeners": {"default": listener}, "plugins": PLUGINS})
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


@contextmanager
def mqtt_broker() -> Iterator[str]:
    """Its URL; in a thread of its own, for processes to talk to."""
    port, ready, over = free_port(), Event(), Event()

    async def run() -> None:
        async with running_broker(port):
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(10.0), "the MQTT broker did not start"
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        over.set()
        thread.join(10.0)
