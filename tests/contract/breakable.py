"""Servers that can be paused, killed and cut off, started for one test."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import redis

from caudal.child import Child
from caudal.embedded import embedded_redis


def pause(child: Child) -> None:
    """Returns when every thread of it stands still."""
    os.killpg(child.process.pid, signal.SIGSTOP)
    os.waitpid(child.process.pid, os.WUNTRACED)


def resume(child: Child) -> None:
    os.killpg(child.process.pid, signal.SIGCONT)


@dataclass
class BreakableRedis:
    url: str
    child: Child

    @property
    def admin(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def pause(self) -> None:
        pause(self.child)

    def resume(self) -> None:
        resume(self.child)

    def kill(self) -> None:
        os.killpg(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait()


@contextmanager
def breakable_redis() -> Iterator[BreakableRedis]:
    with embedded_redis() as server:
        assert server.child is not None
        broken = BreakableRedis(server.address, server.child)
        try:
            yield broken
        finally:
            if server.child.process.poll() is None:
                broken.resume()


@dataclass
class LossyProxy:
    """Passes everything on to a Redis, but can lose replies: the call was done, and nobody is told."""

    url: str
    losing: bool = False
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def lossy_proxy(redis_url: str) -> AsyncIterator[LossyProxy]:
    target = urlsplit(redis_url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port or 6379)
        for source, sink, replies in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(_pass_on(source, sink, proxy, replies))
            tasks.add(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = LossyProxy(f"redis://127.0.0.1:{port}{target.path}")
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, proxy: LossyProxy, replies: bool) -> None:
    try:
        while data := await source.read(1 << 16):
            if replies and proxy.losing:
                break
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()
