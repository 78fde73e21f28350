"""One Redis server, and the line to it, made anew whenever it broke."""

from collections.abc import Sequence

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.state.advice import unavailable
from streams.state.attempt import Attempt
from streams.state.line import Argument, Line, Reply
from streams.state.redis_url import RedisUrl

CONNECT_TIMEOUT = 5.0
"""Seconds to connect and log in. Callers with a shorter deadline leave earlier; the attempt goes on for the next."""

SILENCE = 2.0
"""Seconds without any reply after which a timed-out caller takes the connection for dead and has it replaced."""


class Node:
    """Connects when first needed. pool: for connections beside the line, which subscriptions need."""

    def __init__(self, url: RedisUrl, address: str) -> None:
        """Raises ValueError where the URL is none."""
        self.address = address
        self.place = url.place(address)
        self.pool = _pool(url.at(address))
        self._line: Line | None = None
        self._opening = Attempt(self._open)

    @property
    def is_whole(self) -> bool:
        """Whether it answered lately, as far as we know."""
        return self._line is not None and self._line.is_whole

    def silent_for(self) -> float:
        """Seconds that the oldest call on the line has been waiting."""
        return self._line.silent_for() if self._line is not None and self._line.is_whole else 0.0

    async def send(self, commands: Sequence[Sequence[Argument]], until: float | None = None) -> list[Reply]:
        """One round trip. Raises StateUnavailable: then nobody knows which of them were done. until: the event loop's
        time when what has not come is given up with TimeoutError, None for never; connecting takes as long as it takes.
        """
        try:
            line = self._line if self._line is not None and self._line.is_whole else await self._opening()
            return [await reply for reply in line.send(commands, until)]
        except TimeoutError:
            raise
        except (RedisError, OSError) as fault:
            raise unavailable(self.place, fault) from fault

    async def doubt(self) -> None:
        """A network may swallow everything without breaking the connection: then a new one must be tried."""
        line = self._line
        if line is not None and line.silent_for() > SILENCE:
            self._line = None
            await line.close()

    async def close(self) -> None:
        await self._opening.close()
        if self._line is not None:
            await self._line.close()
        await self.pool.aclose()

    async def _open(self) -> Line:
        self._line = await Line.open(self.pool, self.place)
        return self._line


def _pool(url: str) -> ConnectionPool:
    """Raises ValueError where an option behind the `?` is none: the client says so only when it connects."""
    try:
        pool = ConnectionPool.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
        )
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError) as fault:
        raise ValueError(f"CAUDAL_REDIS_URL has an option that is none: {fault}") from fault
    return pool
