"""A pace: rounds begin at least so far apart, so that what comes meanwhile goes together instead of one by one.

A round to Kafka costs the same for one record as for a hundred. What comes after a silence goes at once, and a crowd
does not wait.
"""

import asyncio
from dataclasses import dataclass, field

CROWD = 16
"""Calls for which a round begins before its time: it is large enough."""


@dataclass(eq=False)
class Pace:
    """seconds: between the beginnings of two rounds; 0 lets everybody pass. stretch: how many times as far the round
    that begins next is from the one after it. Of one event loop."""

    seconds: float = 0.0
    stretch: float = 1.0
    _due: float = 0.0
    _calls: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Returns when the next round begins; all who wait for it go together."""
        if not self.seconds:
            return
        loop = asyncio.get_running_loop()
        if not self._waiting:
            if loop.time() >= self._due:
                self._begin(loop)
                return
            self._timer = loop.call_at(self._due, self._begin, loop)
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def count(self) -> None:
        """Somebody calls who will be in the next round; for a crowd it begins now, or as soon as one takes a turn."""
        self._calls += 1
        if self._calls >= CROWD:
            self._due = 0.0
            if self._waiting:
                self._begin(asyncio.get_running_loop())

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._calls = loop.time() + self.seconds * self.stretch, 0
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)
