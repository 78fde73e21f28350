"""A pace: rounds begin at least so far apart, so that what comes meanwhile goes together instead of one by one.

A round to Kafka costs the same for one record as for a hundred. What comes after a silence goes at once.
"""

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False)
class Pace:
    """seconds: between the beginnings of two rounds; 0 lets everybody pass. Of one event loop."""

    seconds: float = 0.0
    _due: float = 0.0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def turn(self) -> None:
        """Returns when the next round begins; all who wait for it go together."""
        if not self.seconds:
            return
        loop = asyncio.get_running_loop()
        if not self._waiting:
            now = loop.time()
            if now >= self._due:
                self._due = now + self.seconds
                return
            loop.call_at(self._due, self._begin, loop)
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + self.seconds
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)
