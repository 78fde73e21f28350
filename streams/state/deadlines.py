"""Replies that are waited for only so long: one timer for all of them, where each would cost as much as its call.

What arrived in time counts even where the process had no time to read it: before a wait is given up, the event loop
reads once more.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

TICK = 0.001
"""Seconds to which an event loop's clock is exact."""


@dataclass(eq=False)
class Deadlines:
    """Of one event loop, whose seconds it counts. Whose deadline comes before that of one asked earlier waits for it.

    Replies that have come are let go of: they may be large.
    """

    _waiting: deque[tuple[float, asyncio.Future[object]]] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None

    def watch(self, reply: asyncio.Future[object], until: float) -> None:
        """At `until` it fails with TimeoutError, if nothing has come by then."""
        self._drop_answered()
        self._waiting.append((until, reply))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(until, self._read_first)

    def close(self) -> None:
        """Nobody waits any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _read_first(self) -> None:
        """Timers come before reading, and so does what they call soon: what that calls soon comes after it."""
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._give_up)

    def _give_up(self) -> None:
        waiting, loop = self._waiting, asyncio.get_running_loop()
        over = loop.time() + TICK
        self._drop_answered()
        while waiting and waiting[0][0] <= over:
            _, reply = waiting.popleft()
            reply.set_exception(TimeoutError())
            reply.exception()
            self._drop_answered()
        self._timer = loop.call_at(waiting[0][0], self._read_first) if waiting else None

    def _drop_answered(self) -> None:
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
