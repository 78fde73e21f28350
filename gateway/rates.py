"""How many events a key may send: a token bucket each, so that one that floods is told when to come back."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import Refused

BURST = 5.0
"""Seconds' worth of events that a key may send at once after a pause: queues of clients that were offline."""


@dataclass
class _Bucket:
    """tokens: events that may be sent, below 0 what was sent ahead. at: as of when, seconds."""

    tokens: float
    at: float


@dataclass
class Rates:
    """rate: events a second and key, 0 for as many as they like. clock: seconds, steady.

    A batch is taken whole while anything is left, and what it took too much is waited for by the next: so no batch is
    too large to ever be taken.
    """

    rate: float
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def check(self, key: str) -> None:
        """Raises Refused (429) where the key has to wait."""
        if not self.rate:
            return
        bucket = self._filled(key)
        if bucket.tokens <= 0:
            wait = max(math.ceil(-bucket.tokens / self.rate), 1)
            told = f"This key may send {self.rate:g} events a second; send this again in {wait} s."
            raise Refused(429, "rate_limited", told, wait)

    def count(self, key: str, events: int) -> None:
        """What a request cost; one without events costs as much as one."""
        if self.rate:
            self._filled(key).tokens -= max(events, 1)

    def _filled(self, key: str) -> _Bucket:
        """Keys are those of the settings, so there are few."""
        now = self.clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self.rate * BURST, now)
        bucket.tokens = min(bucket.tokens + (now - bucket.at) * self.rate, self.rate * BURST)
        bucket.at = now
        return bucket
