"""A light HTTP/1.1 client: keep-alive connections, one request in flight on each, answers timed as they arrive."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

LOST = 0
"""Status of a request whose connection broke."""


@dataclass(frozen=True, slots=True)
class Reply:
    """due: when the request was to leave, sent: when it did, done: when its answer was whole; monotonic seconds."""

    due: float
    sent: float
    done: float
    status: int
    body: bytes


Heard = Callable[[Reply], None]


@dataclass(slots=True)
class Shot:
    """A request on its way. due: see `Reply`."""

    request: bytes
    due: float
    heard: Heard
    sent: float = 0.0


class Client:
    """Requests go out on whichever connection is free, and wait for one where none is: the wait is part of the time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []
        self._waiting: deque[Shot] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False

    async def open(self, connections: int) -> None:
        """Raises OSError."""
        for _ in range(connections):
            await self._open()

    def close(self) -> None:
        self._closed = True
        for connection in self._connections:
            connection.close()

    def fire(self, request: bytes, due: float, heard: Heard) -> None:
        """Call it from the loop's thread. heard: called with the answer, whatever it is."""
        shot = Shot(request, due, heard)
        if self._idle:
            self._idle.pop().send(shot)
        else:
            self._waiting.append(shot)

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """The answer, for who waits for each."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.fire(request, time.monotonic(), answer.set_result)
        return answer

    def free(self, connection: "Connection") -> None:
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: "Connection") -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._closed:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self), *self._address)
        self._connections.add(connection)
        self.free(connection)


class Connection(asyncio.Protocol):
    """Of an answer it reads the status, the length and the body."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._shot: Shot | None = None
        self._received = b""

    def send(self, shot: Shot) -> None:
        if self._transport is None:
            shot.heard(Reply(shot.due, shot.sent, time.monotonic(), LOST, b""))
            return
        self._shot = shot
        shot.sent = time.monotonic()
        self._transport.write(shot.request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        whole = body_of(self._received)
        if whole is not None:
            self._answer(int(self._received[9:12]), whole)
            self._client.free(self)

    def connection_lost(self, fault: Exception | None) -> None:
        self._transport = None
        self._client.lost(self)
        self._answer(LOST, b"")

    def _answer(self, status: int, body: bytes) -> None:
        shot, self._shot, self._received = self._shot, None, b""
        if shot is not None:
            shot.heard(Reply(shot.due, shot.sent, time.monotonic(), status, body))


def body_of(received: bytes) -> bytes | None:
    """None while it is not there whole."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = LENGTH.search(received, 0, head)
    end = head + 4 + (int(length[1]) if length else 0)
    return received[head + 4 : end] if len(received) >= end else None
