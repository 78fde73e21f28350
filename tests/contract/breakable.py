"""Servers that can be paused, killed and cut off, started for one test."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis

from caudal.child import Child
from caudal.embedded import embedded_redis
from tests.chaos.proxy import Proxy


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


@contextmanager
def redis_behind_a_proxy(redis_url: str) -> Iterator[tuple[str, Proxy]]:
    """The URL to use, and the proxy whose weather decides what passes."""
    target = urlsplit(redis_url)
    proxy = Proxy(target.hostname or "127.0.0.1", target.port or 6379)
    proxy.start()
    try:
        yield f"redis://127.0.0.1:{proxy.port}{target.path}", proxy
    finally:
        proxy.stop()
