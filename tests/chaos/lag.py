"""How far the system is behind, measured from outside: the age of the oldest event that was sent and is not applied."""

import threading
import time
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

import redis
from kafka.errors import KafkaError

from streams.state import keys
from streams.topics import CHANNELS, CUSTOMER_EVENTS
from tests.chaos.log import Ends
from tests.chaos.system import System

LOOK_EVERY = 0.25
"""Seconds between two looks; the lag is known as exactly as that."""

KEPT = 4 * 600
"""Looks remembered: a lag beyond ten minutes is ten minutes."""

CAUGHT_UP = 1.0
"""Seconds of lag below which the system has recovered."""

Position = dict[tuple[str, int], int]
"""Next offset, by topic and partition."""


@dataclass
class Probe:
    """Looks all the time in a thread of its own. lags: moment and lag, seconds; infinite while a server is down."""

    system: System
    lags: list[tuple[float, float]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _ends: deque[tuple[float, Position]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def recovery(self, since: float, until: float) -> float | None:
        """Seconds from `since` until the lag was below CAUGHT_UP and stayed there for a second; None if not before
        `until`. Both monotonic."""
        start = bisect_left(self.lags, (since, 0.0))
        good_since = None
        for moment, lag in self.lags[start:]:
            if moment > until:
                break
            if lag >= CAUGHT_UP:
                good_since = None
            elif good_since is None:
                good_since = moment
            if good_since is not None and moment - good_since >= CAUGHT_UP:
                return good_since - since
        return None

    def _run(self) -> None:
        client = redis.Redis.from_url(self.system.settings.redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
        ends = None
        while not self._over.wait(LOOK_EVERY):
            began = time.monotonic()
            try:
                ends = ends or Ends(self.system.settings.broker)
                self._ends.append((began, ends.of([CUSTOMER_EVENTS.name, *(topic.name for topic in CHANNELS)])))
                lag = self._lag(self._applied(client))
            except (KafkaError, redis.RedisError, OSError):
                lag = float("inf")
            self.lags.append((time.monotonic(), lag))
        client.close()
        if ends is not None:
            ends.close()

    def _applied(self, client: redis.Redis) -> Position:
        """Of `customer-events` what the ledgers say, of the channels the highest source marks in them."""
        applied: Position = {}
        for number in range(self.system.settings.customer_partitions):
            ledger: dict[bytes, bytes] = client.hgetall(keys.ledger(number))  # type: ignore[assignment]
            applied[CUSTOMER_EVENTS.name, number] = int(ledger.pop(b"next", 0))
            for name, offset in ledger.items():
                topic, _, partition = name.decode().rpartition("/")
                if partition.isdigit():
                    place = topic, int(partition)
                    applied[place] = max(applied.get(place, 0), int(offset) + 1)
        return applied

    def _lag(self, applied: Position) -> float:
        """The age of the newest look all of whose ends have been applied."""
        now = time.monotonic()
        for moment, ends in reversed(self._ends):
            if all(applied.get(place, 0) >= end for place, end in ends.items()):
                return now - moment
        return now - self._ends[0][0]
