"""Learning from what all customers choose: who answers or makes slates follows `clicks` and keeps `lately` up to date.

A session's clicks reach the answers of all processes within some seconds, and a restarted process catches up from the
topic. The index is built anew from all kept clicks, in a thread, at a pace that costs a fiftieth of a core at most.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from recommender.lately import no_trends
from recommender.model import Model
from recommender.recent_clicks import NO_CLICKS, Clicks, live_index, newest
from recommender.records import CLICK
from recommender.session_build import joined
from recommender.session_index import SessionIndex
from retail.customers import Interaction
from streams.settings import Settings
from streams.topics import CLICKS
from streams.topics.closing import close
from streams.topics.endless import endless
from streams.topics.inflated import BoundedConsumer

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks for something new."""

SHARE = 50
"""A round is followed by so many times its own duration without one."""

POLL_MS = 500
"""Milliseconds a fetch waits for news."""

SLICE = 500 * CLICK.itemsize
"""Bytes taken in one go, one millisecond of the event loop."""

PAGE = 100
"""Records of one fetch."""

CATCH_UP = 20_000
"""Records that a process reads at most of what there was before it: some hours of one worker, or less of several."""

RECONNECT_PAUSE = 1.0
"""Seconds between two attempts to connect, or to find the topic."""

_KINDS = [int(Interaction.VIEWED), int(Interaction.ADDED), int(Interaction.BOUGHT)]


class Learner:
    """taken: clicks read so far. skipped: records that could not be read, by reason; they change nothing."""

    def __init__(self, settings: Settings, models: Callable[[], tuple[Model, ...]]) -> None:
        """models: those that serve or are tried now."""
        self.taken = 0
        self.skipped: Counter[str] = Counter()
        self._broker = settings.broker
        self._most = settings.recent_clicks
        self._span = int(settings.recent_hours * 3_600_000)
        self._models = models
        self._learned: tuple[Model, ...] = ()
        self._trends = no_trends()
        self._kept, self._new = NO_CLICKS, [NO_CLICKS]
        self._next = -1

    async def run(self) -> None:
        """Until cancelled; returns at once where nothing is to be kept."""
        if self._most:
            await asyncio.gather(endless("follow clicks", self._follow), endless("learn", self._learn))

    def take(self, value: bytes | None) -> None:
        """One record of the topic."""
        if value is None or len(value) % CLICK.itemsize:
            self.skipped["malformed_value"] += 1
            return
        clicks = np.frombuffer(value, CLICK)
        clicks = clicks[np.isin(clicks["kind"], _KINDS)]
        self.taken += len(clicks)
        self._trends.take(clicks)
        self._new.append(clicks)

    async def learn(self) -> None:
        """Puts what was taken since, also where another model serves now."""
        models, new = self._models(), np.concatenate(self._new)
        if not len(new) and models == self._learned:
            return
        self._new = [NO_CLICKS]
        self._kept = await asyncio.to_thread(newest, self._kept, new, self._most, self._span)
        for model in models:
            model.lately.put(await asyncio.to_thread(_learned, self._kept, model), self._trends)
        self._learned = models

    async def _learn(self) -> None:
        pause = EVERY
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            await self.learn()
            pause = max(EVERY, SHARE * (time.monotonic() - began))

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as fault:
                log.warning("cannot follow the clicks", broker=self._broker, fault=repr(fault))
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _read(self) -> None:
        """Until the connection is beyond repair, or the topic is missing."""
        place = TopicPartition(CLICKS.name, 0)
        consumer = BoundedConsumer(
            bootstrap_servers=self._broker, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            if CLICKS.name not in await consumer.topics():
                raise KafkaError(f"no topic {CLICKS.name}: run `caudal topics create`")
            # Asked before the first fetch, which may keep the connection waiting for news.
            first, end = (
                (await consumer.beginning_offsets([place]))[place],
                (await consumer.end_offsets([place]))[place],
            )
            consumer.assign([place])
            consumer.seek(place, max(first, self._next, end - CATCH_UP))
            while True:
                for records in (await consumer.getmany(timeout_ms=POLL_MS, max_records=PAGE)).values():
                    for record in records:
                        self._next = record.offset + 1
                        await self._take_slowly(record.value)
        finally:
            await close(consumer)

    async def _take_slowly(self, value: bytes | None) -> None:
        """A busy moment, and more so a start, brings thousands at once; others go on in between."""
        for start in range(0, len(value or b"?"), SLICE):
            self.take(value and value[start : start + SLICE])
            await asyncio.sleep(0)


def _learned(kept: Clicks, model: Model) -> SessionIndex | None:
    live = live_index(kept, model.shelf)
    return joined(model.sessions, live) if len(live.clicks) else None
