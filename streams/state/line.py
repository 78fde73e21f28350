"""One connection to Redis that all callers share: requests go out as they come, replies come back in order.

A caller that gives up leaves nothing behind: its reply is dropped when it comes. With a pool of connections every
deadline missed would cost a connection, or, if it struck at the wrong moment, a place in the pool for ever.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

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


@dataclass(eq=False)
class Line:
    """A connection and who waits on it, in order of their requests. It breaks once and is then thrown away.

    unsent: commands of this turn of the event loop; they leave together, since each write to a socket costs as much
    as a command.
    """

    connection: AbstractConnection
    place: str
    waiting: deque[Call] = field(default_factory=deque)
    unsent: list[bytes] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None
    writing: asyncio.Task[None] | None = None

    @property
    def is_whole(self) -> bool:
        return self.connection.is_connected and self.reading is not None and not self.reading.done()

    @classmethod
    async def open(cls, pool: ConnectionPool, place: str) -> "Line":
        """pool: knows the address and how to log in; its own connections stay unused. Raises RedisError, OSError."""
        connection = cast(AbstractConnection, pool.make_connection())  # type: ignore[no-untyped-call]
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        line = cls(connection, place)
        line.reading = asyncio.get_running_loop().create_task(line._read())
        return line

    def send(self, commands: Sequence[Sequence[Argument]]) -> list[asyncio.Future[Reply]]:
        """The replies to come, one per command. Raises RedisError, OSError where the line is broken or overloaded."""
        if not self.is_whole:
            raise ConnectionLost("the connection was lost")
        if len(self.waiting) > WAITING_CALLS:
            raise ConnectionLost(f"{len(self.waiting)} calls wait for a reply already")
        loop = asyncio.get_running_loop()
        calls = [Call(loop.create_future(), loop.time()) for _ in commands]
        packed = [hiredis.pack_command(tuple(command)) for command in commands]  # type: ignore[arg-type]
        self.waiting.extend(calls)
        self.unsent += packed
        if self.writing is None:
            self.writing = loop.create_task(self._write())
        return [call.reply for call in calls]

    def silent_for(self) -> float:
        """Seconds that the oldest call has been waiting."""
        return asyncio.get_running_loop().time() - self.waiting[0].since if self.waiting else 0.0

    async def close(self) -> None:
        if self.writing is not None:
            self.writing.cancel()
        if self.reading is not None:
            self.reading.cancel()
            await asyncio.wait([self.reading])
        await self.connection.disconnect()

    async def _write(self) -> None:
        """What fails here breaks the connection, and `_read` tells those who wait."""
        try:
            # The client would connect anew by itself, to where nobody reads.
            while self.unsent and self.is_whole:
                unsent, self.unsent = self.unsent, []
                with suppress(RedisError, OSError):
                    await self.connection.send_packed_command(unsent, check_health=False)
        finally:
            self.writing = None

    async def _read(self) -> None:
        fault: BaseException = ConnectionLost("the connection was closed")
        try:
            while True:
                reply = await self._next()
                call = self.waiting.popleft()
                if not call.reply.done():
                    call.reply.set_result(reply)
        except (RedisError, OSError) as lost:
            fault = lost
        finally:
            await self.connection.disconnect(nowait=True)
            for call in self.waiting:
                if not call.reply.done():
                    call.reply.set_exception(fault)
                    call.reply.exception()
            self.waiting.clear()

    async def _next(self) -> Reply:
        """A server's refusal is a reply too."""
        try:
            return cast(Reply, await self.connection.read_response(timeout=math.inf))
        except ResponseError as error:
            return Refusal(self.place, error)
