"""Calls to one Redis: commands and scripts, every fault of it told as `StateUnavailable`.

The client never repeats a call by itself: a lost reply does not say whether the call was done.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from importlib import resources
from typing import cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from streams.state import StateUnavailable

Reply = object
"""Whatever a command answers: int, bytes, None, or lists of them. The adapters know and cast."""

Argument = bytes | int | float | str

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
    """A bounded pool of connections. Raises StateUnavailable, nothing else."""

    def __init__(self, url: str, *, connections: int, timeout: float) -> None:
        """connections: at most; callers beyond wait. timeout: seconds for a connection, and for a reply."""
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
        )
        self._redis = Redis(connection_pool=self._pool)
        self._execute = cast(Callable[..., Awaitable[Reply]], self._redis.execute_command)
        self.place = "Redis at " + url.rsplit("@", 1)[-1].removeprefix("redis://")

    @property
    def redis(self) -> Redis:
        """The client itself, for what is neither command nor script: subscriptions."""
        return self._redis

    async def call(self, *command: Argument) -> Reply:
        """One command. Names as bytes, so that the reply comes as the server sent it."""
        try:
            return await self._execute(*command)
        except (RedisError, OSError) as fault:
            raise self.unavailable(fault) from fault

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Argument]) -> Reply:
        """One script. A restarted Redis has forgotten it and is told it again."""
        command = script.command(keys, arguments)
        try:
            try:
                return await self._execute(*command)
            except NoScriptError:
                return await self._execute(b"EVAL", script.source, *command[2:])
        except (RedisError, OSError) as fault:
            raise self.unavailable(fault) from fault

    async def run_all(self, script: Script, calls: Sequence[tuple[Sequence[bytes], Sequence[Argument]]]) -> list[Reply]:
        """The script once per call, all in one round trip; each is atomic by itself.

        Where one of them fails the others may have been done.
        """
        if len(calls) == 1:
            return [await self.run(script, *calls[0])]
        commands = [script.command(*call) for call in calls]
        replies = await self._pipeline(commands)
        missing = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if missing:
            await self.call(b"SCRIPT", b"LOAD", script.source)
            again = await self._pipeline([commands[index] for index in missing])
            for index, reply in zip(missing, again, strict=True):
                replies[index] = reply
        for reply in replies:
            if isinstance(reply, RedisError):
                raise self.unavailable(reply) from reply
        return replies

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.aclose()

    def unavailable(self, fault: Exception) -> StateUnavailable:
        """The fault in our words: what failed, where, what to do."""
        text = str(fault) or type(fault).__name__
        code = getattr(fault, "status_code", None) or text.split(" ", 1)[0]
        advice = ADVICE.get(code)
        return StateUnavailable(f"{self.place}: {text}" + (f" ({advice})" if advice else ""))

    async def _pipeline(self, commands: Sequence[tuple[Argument, ...]]) -> list[Reply]:
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return cast(list[Reply], await pipeline.execute(raise_on_error=False))
        except (RedisError, OSError) as fault:
            raise self.unavailable(fault) from fault
