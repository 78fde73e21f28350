"""What fails with every request is told once in a while: enough for who reads the log, too seldom to fill it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

TELL_EVERY = 10.0
"""Seconds between two lines about the same."""

log = structlog.get_logger()


@dataclass
class Complaints:
    """clock: seconds."""

    clock: Callable[[], float] = time.monotonic
    _heard: dict[str, tuple[float, int]] = field(default_factory=dict)

    def tell(self, what: str, fault: Exception) -> None:
        """fault: of a dependency; its words name servers, never customers."""
        told, since = self._heard.get(what, (-math.inf, 0))
        now = self.clock()
        if now - told < TELL_EVERY:
            self._heard[what] = told, since + 1
            return
        self._heard[what] = now, 0
        log.warning(what, fault=str(fault), since_the_last_line=since)


COMPLAINTS = Complaints()
"""Of this process."""
