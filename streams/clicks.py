"""What a worker tells all processes of what its customers choose: some seconds' worth in one record, nobody named.

Fed by the journey after each commit, written to `clicks` by a task of its own, so that no event waits for it. Nothing
is promised: what Kafka does not take at once, or a worker that dies had not sent yet, is not told. Told twice, it
counts once.
"""

import asyncio
import time
from collections import deque

import structlog

from retail.clicks import clicks_of
from streams.microbatch import MicroBatch
from streams.topics import CLICKS
from streams.topics.publisher import Publisher, PublishFailed, Record

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two records: each costs every reader as much as thirty clicks."""

WAITING = 20_000
"""Clicks that may wait, of which the oldest go: one record holds them all, 640 kB."""

PATIENCE = 5.0
"""Seconds that Kafka may take."""


class ClickTeller:
    """salt: random, of this process and this run alone: it is kept nowhere, so a session stays nobody's for ever."""

    def __init__(self, publisher: Publisher, salt: bytes, hours: float) -> None:
        """hours: age of a click beyond which it is not told, as when a repair applies last week's events."""
        self._publisher = publisher
        self._salt = salt
        self._span = int(hours * 3_600_000)
        self._waiting: deque[bytes] = deque(maxlen=WAITING)

    def committed(self, batch: MicroBatch) -> None:
        oldest = int(time.time() * 1000) - self._span
        events = [arrival.event for arrival in batch.arrivals if arrival.event.at >= oldest]
        self._waiting.extend(clicks_of(events, batch.states, self._salt))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            if self._waiting:
                await self._tell()

    async def _tell(self) -> None:
        value = b"".join(self._waiting)
        self._waiting.clear()
        try:
            await self._publisher.publish([Record(CLICKS.name, b"", value, partition=0)], PATIENCE)
        except PublishFailed as fault:
            log.warning("recent clicks were not told", bytes=len(value), fault=str(fault))
