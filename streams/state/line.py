"""One connection to Redis that all callers share: requests go out as they come, replies come back in order.

A caller that gives up leaves nothing behind: its reply is dropped when it comes. With a pool of connections every
deadline missed would cost a connection, or, if it struck at the wrong moment, a place in the pool for ever.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import hiredis
from redis._parsers import BaseParser
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import InvalidResponse, ResponseError

from streams.state.deadlines import Deadlines

Reply = object
"""Whatever a command answers: int, bytes, None, or lists of them; or a Refusal."""

Argument = bytes | int | str

WAITING_CALLS = 10_000
"""Calls that may wait for replies; more only pile up when Redis hangs, and then they are told so at once."""


@dataclass(frozen=True)
class Refusal:
    """What a server answered instead of doing it. place: which server."""

    place: str
    error: ResponseError


@dataclass(eq=False)
class Call:
    """since: when it was sent, in the event loop's seconds."""

    reply: asyncio.Future[Reply]
    since: float


class Line(asyncio.Protocol):
    """A connection and who waits on it, in order of their requests. It breaks once and is then thrown away.

    The client connects and logs in, then its socket is taken over: passing each reply through the client's streams and
    a task costs as much as what is done with it.
    """

    def __init__(self, connection: AbstractConnection, place: str) -> None:
        """connection: open."""
        self._connection = connection
        self._place = place
        self.waiting: deque[Call] = deque()
        self._deadlines = Deadlines()
        self._unsent: list[bytes] = []
        self._replies = hiredis.Reader(InvalidResponse, BaseParser.parse_error, notEnoughData=_NOTHING)
        writer = cast(asyncio.StreamWriter, connection._writer)  # noqa: SLF001 - the client has no other way to it
        self._transport = cast(asyncio.Transport, writer.transport)
        self._streams = self._transport.get_protocol()
        self._transport.set_protocol(self)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ending = asyncio.get_running_loop().create_task(self._end())

    @property
    def is_whole(self) -> bool:
        return not self._over.done() and not self._transport.is_closing()

    @classmethod
    async def open(cls, pool: ConnectionPool, place: str) -> "Line":
        """pool: knows the address and how to log in; its own connections stay unused. Raises RedisError, OSError."""
        connection = cast(AbstractConnection, pool.make_connection())  # type: ignore[no-untyped-call]
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return cls(connection, place)

    def send(self, commands: Sequence[Sequence[Argument]], until: float | None = None) -> list[asyncio.Future[Reply]]:
        """The replies to come, one per command. Raises RedisError, OSError where the line is broken or overloaded.
        until: the event loop's time when those that have not come fail with TimeoutError, None for never.

        Commands of one turn of the event loop leave together, since each write to a socket costs as much as a command.
        """
        if not self.is_whole:
            raise ConnectionLost("the connection was lost")
        if len(self.waiting) > WAITING_CALLS:
            raise ConnectionLost(f"{len(self.waiting)} calls wait for a reply already")
        loop = asyncio.get_running_loop()
        calls = [Call(loop.create_future(), loop.time()) for _ in commands]
        packed = [hiredis.pack_command(tuple(command)) for command in commands]  # type: ignore[arg-type]
        self.waiting.extend(calls)
        if not self._unsent:
            loop.call_soon(self._write)
        self._unsent += packed
        replies = [call.reply for call in calls]
        if until is not None:
            for reply in replies:
                self._deadlines.watch(reply, until)
        return replies

    def silent_for(self) -> float:
        """Seconds that the oldest call has been waiting."""
        return asyncio.get_running_loop().time() - self.waiting[0].since if self.waiting else 0.0

    async def close(self) -> None:
        self._break(ConnectionLost("the connection was closed"))
        await self._ending

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        try:
            while (reply := self._replies.gets()) is not _NOTHING and not self._over.done():
                self._told(reply)
        except InvalidResponse as fault:
            self._break(fault)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(ConnectionLost(f"the connection was lost: {exc}" if exc else "the connection was closed"))
        self._streams.connection_lost(exc)

    def _write(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self.is_whole:
            self._transport.writelines(unsent)

    def _told(self, reply: Reply) -> None:
        """A server's refusal is a reply, too; one that concerns the connection breaks it."""
        first = reply[0] if isinstance(reply, list) and reply else reply
        if isinstance(first, ConnectionLost):
            self._break(first)
            return
        call = self.waiting.popleft()
        if not call.reply.done():
            call.reply.set_result(Refusal(self._place, reply) if isinstance(reply, ResponseError) else reply)

    def _break(self, fault: Exception) -> None:
        """Those who wait are told, the first time."""
        if self._over.done():
            return
        self._over.set_result(None)
        for call in self.waiting:
            if not call.reply.done():
                call.reply.set_exception(fault)
                call.reply.exception()
        self.waiting.clear()
        self._deadlines.close()

    async def _end(self) -> None:
        await self._over
        await self._connection.disconnect(nowait=True)


_NOTHING = object()
"""What the reader says as long as no reply is complete."""
