"""Calls to one Redis: commands and scripts, every fault of it told as `StateUnavailable`.

No call is ever repeated by itself: a lost reply does not say whether the call was done.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from importlib import resources

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from streams.state import StateUnavailable
from streams.state.line import Argument, Line, Reply

CONNECT_TIMEOUT = 5.0
"""Seconds to connect and log in. Callers with a shorter deadline leave earlier; the attempt goes on for the next."""

SILENCE = 2.0
"""Seconds without any reply after which a timed-out caller takes the connection for dead and has it replaced."""

ADVICE = {
    "OOM": "it is full: raise its maxmemory; nothing is lost meanwhile, the events wait in Kafka",
    "READONLY": "it is a replica: point CAUDAL_REDIS_URL at the primary",
    "LOADING": "it is loading its data and will answer when it is done",
    "BUSY": "a script keeps it busy; SCRIPT KILL ends one that was not ours",
    "MISCONF": "it cannot write its data to disk: look at its log",
    "NOAUTH": "it wants a password: put it into CAUDAL_REDIS_URL, redis://:PASSWORD@host:6379/0",
    "WRONGPASS": "the password in CAUDAL_REDIS_URL is wrong",
    "NOPERM": "the user in CAUDAL_REDIS_URL lacks a permission",
    "MOVED": "it is part of a cluster: name a proxy or a single Redis in CAUDAL_REDIS_URL",
    "WRONGTYPE": "a key of ours holds something else: does another application use this database?",
}
"""What to do, by the first word of the server's error."""


@dataclass(frozen=True)
class Script:
    """A Lua script. digest: by which Redis knows it once it was loaded."""

    source: bytes
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha1(self.source, usedforsecurity=False).hexdigest())

    @classmethod
    def named(cls, name: str) -> "Script":
        """The script beside this module."""
        return cls(resources.files("streams.state").joinpath(f"{name}.lua").read_bytes())

    def command(self, keys: Sequence[bytes], arguments: Sequence[Argument]) -> tuple[Argument, ...]:
        return (b"EVALSHA", self.digest, len(keys), *keys, *arguments)


class Calls:
    """Raises StateUnavailable, nothing else. Connects when first needed, and again whenever the line broke."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """timeout: seconds until a call is given up, connecting included."""
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
        )
        self._timeout = timeout
        self._line: Line | None = None
        self._opening: asyncio.Task[Line] | None = None
        self.place = "Redis at " + url.rsplit("@", 1)[-1].removeprefix("redis://")

    def subscriber(self) -> Redis:
        """A client of the same server for subscriptions, which need a connection of their own."""
        return Redis(connection_pool=self._pool)

    async def call(self, *command: Argument) -> Reply:
        """One command; the reply as the server sent it, in bytes."""
        [reply] = await self._send([command])
        return self._checked(reply)

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Argument]) -> Reply:
        [reply] = await self.run_all(script, [(keys, arguments)])
        return reply

    async def run_all(self, script: Script, calls: Sequence[tuple[Sequence[bytes], Sequence[Argument]]]) -> list[Reply]:
        """The script once per call, all in one round trip; each is atomic by itself.

        Where one of them fails the others may have been done. A restarted Redis has forgotten the script and is
        told it again.
        """
        commands = [script.command(*call) for call in calls]
        replies = await self._send(commands)
        missing = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if missing:
            _, *again = await self._send([(b"SCRIPT", b"LOAD", script.source), *(commands[i] for i in missing)])
            for index, reply in zip(missing, again, strict=True):
                replies[index] = reply
        return [self._checked(reply) for reply in replies]

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        if self._line is not None:
            await self._line.close()
        await self._pool.aclose()

    def unavailable(self, fault: BaseException) -> StateUnavailable:
        """The fault in our words: what failed, where, what to do."""
        text = str(fault) or type(fault).__name__
        code = getattr(fault, "status_code", None) or text.split(" ", 1)[0]
        advice = ADVICE.get(code)
        return StateUnavailable(f"{self.place}: {text}" + (f" ({advice})" if advice else ""))

    def _checked(self, reply: Reply) -> Reply:
        if isinstance(reply, ResponseError):
            raise self.unavailable(reply) from reply
        return reply

    async def _send(self, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        """One round trip, in time."""
        try:
            async with asyncio.timeout(self._timeout):
                line = self._line if self._line is not None and self._line.is_whole else await self._connect()
                return [await reply for reply in await line.send(commands)]
        except TimeoutError as fault:
            await self._doubt()
            raise StateUnavailable(f"{self.place} did not answer in {self._timeout} s") from fault
        except (RedisError, OSError) as fault:
            raise self.unavailable(fault) from fault

    async def _connect(self) -> Line:
        """Concurrent callers share one attempt, and none of them can end it."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(Line.open(self._pool))
            self._opening.add_done_callback(self._opened)
        return await asyncio.shield(self._opening)

    def _opened(self, opening: asyncio.Task[Line]) -> None:
        self._opening = None
        if not opening.cancelled() and opening.exception() is None:
            self._line = opening.result()

    async def _doubt(self) -> None:
        """A network may swallow everything without breaking the connection: then a new one must be tried."""
        line = self._line
        if line is not None and line.silent_for() > SILENCE:
            self._line = None
            await line.close()
