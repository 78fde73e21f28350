"""A TCP proxy that can delay, cut, swallow and reset what passes: the network between a process and a server.

It lives in a thread of its own, so that its user may block; every fault begins and ends with a change of `Weather`.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 16

LOOK_AGAIN = 0.02
"""Seconds between two looks at whether what is swallowed today may pass again."""


@dataclass(frozen=True)
class Weather:
    """delay, jitter: seconds each chunk waits, in either direction. resets: chance that a chunk resets its connection.

    cut: connections are reset and refused. requests_held, replies_held: nothing passes in this direction, and nobody
    is told; what was held passes when the weather clears, as on a real network. replies_lost: the connection breaks
    when a reply comes, so that what was asked is done and nobody is told.
    """

    delay: float = 0.0
    jitter: float = 0.0
    resets: float = 0.0
    cut: bool = False
    requests_held: bool = False
    replies_held: bool = False
    replies_lost: bool = False


FAIR = Weather()
CUT = Weather(cut=True)
BLACK_HOLE = Weather(requests_held=True, replies_held=True)


@dataclass(eq=False)
class Proxy:
    """host, target: where the server listens. port: where we do. lost: replies so far that broke their connection."""

    host: str
    target: int
    weather: Weather = FAIR
    port: int = 0
    lost: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _draw: random.Random = field(default_factory=lambda: random.Random(1))

    def start(self) -> None:
        """Returns when it listens."""
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), name=f"proxy of {self.target}", daemon=True).start()
        ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def set(self, weather: Weather) -> None:
        """From now on, for connections that are open as well."""
        self.weather = weather
        if weather.cut:
            self._loop.call_soon_threadsafe(self._reset_all)

    @contextmanager
    def having(self, weather: Weather) -> Iterator[None]:
        before = self.weather
        self.set(weather)
        try:
            yield
        finally:
            self.set(before)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        self._reset_all()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.weather.cut:
                return
            there, back = await asyncio.open_connection(self.host, self.target)
        except OSError:
            return
        else:
            self._writers.add(back)
            tasks = [
                self._loop.create_task(self._pass_on(reader, back, replies=False)),
                self._loop.create_task(self._pass_on(there, writer, replies=True)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            self._forget(back)
        finally:
            self._forget(writer)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, replies: bool) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if not await self._may_pass(replies):
                    return
                sink.write(data)
                await sink.drain()

    async def _may_pass(self, replies: bool) -> bool:
        """False where the connection ends here."""
        weather = self.weather
        if weather is FAIR:
            return True
        if weather.delay:
            await asyncio.sleep(max(0.0, weather.delay + self._draw.uniform(-weather.jitter, weather.jitter)))
        while self.weather.replies_held if replies else self.weather.requests_held:
            await asyncio.sleep(LOOK_AGAIN)
        if replies and weather.replies_lost:
            self.lost += 1
            return False
        return self._draw.random() >= weather.resets

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            self._forget(writer)

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        """By a reset, as from a network that broke."""
        self._writers.discard(writer)
        connection = writer.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
