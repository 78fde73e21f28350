"""The watchdog: a thread that ends a worker which is alive but does nothing, so that another takes its partitions.

An event loop that hangs cannot notice it, and a consumer that silently stopped fetching looks like one without news.
So this is a thread with a connection of its own: where the broker holds records that nobody has done for too long,
while no dependency is down, it writes down where every thread stands and ends the process.
"""

import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from faust.types import TP
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.records import Progress

LOOK_EVERY = 1.0
"""Seconds between two looks at the event loop."""

ENDS_EVERY = 5.0
"""Seconds between two questions to the broker."""

BLOCKED = 2.0
"""Seconds after which an event loop that does not turn is told of, with where it stands."""

STALLED = 70
"""Exit status, as of every worker that cannot go on (EX_SOFTWARE)."""

log = structlog.get_logger()


class Log(Protocol):
    """What the broker holds. Both raise KafkaError."""

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]: ...

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]: ...


@dataclass
class Silence:
    """Since when nothing was done although something was to do, by topic. Pure: times and offsets are passed in."""

    limit: float
    _since: dict[str, float] = field(default_factory=dict)
    _signs: dict[str, int] = field(default_factory=dict)

    def reset(self) -> None:
        self._since.clear()

    def look(self, now: float, behind: Iterable[str], signs: Mapping[str, int]) -> str | None:
        """The topic that was silent for longer than `limit` seconds, None where there is none.

        behind: topics that hold records which nobody has done. signs: of life, by topic; only ever growing.
        """
        behind = set(behind)
        for topic in [topic for topic in self._since if topic not in behind]:
            del self._since[topic]
        for topic in behind:
            if self._signs.get(topic) != signs.get(topic, 0):
                self._signs[topic] = signs.get(topic, 0)
                self._since[topic] = now
            if now - self._since.setdefault(topic, now) > self.limit:
                return topic
        return None


@dataclass
class Watchdog:
    """stall: seconds of silence until the process ends. committed: of the partitions this worker owns, the offset
    that Kafka holds. excused: whether something is being waited for that is down. end: what ends the process. ends: of
    these partitions, where their log ended at the last look."""

    broker: str
    stall: float
    progress: Progress
    committed: Callable[[], Mapping[TP, int]]
    excused: Callable[[], bool]
    end: Callable[[int], object] = os._exit
    ends: Mapping[TP, int] = field(default_factory=dict)
    _beat: float = field(default_factory=time.monotonic)
    _told: bool = False
    _deadline: float = math.inf

    def beat(self) -> None:
        """The event loop calls this at least every second."""
        self._beat = time.monotonic()
        self._told = False

    def start(self) -> None:
        self.beat()
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def end_within(self, seconds: float) -> None:
        """From now on the process is expected to end by itself; after that it is ended. May be called by a signal."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _run(self) -> None:
        silence, consumer, asked = Silence(self.stall), None, 0.0
        while True:
            before = time.monotonic()
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            if self._deadline < math.inf:
                self._look_at_the_end(now)
                continue
            if now - before > LOOK_EVERY + BLOCKED:
                # The whole process was stopped, and with it those whom we watch.
                self.beat()
                silence.reset()
            self._look_at_the_loop(now)
            if now - asked >= ENDS_EVERY:
                asked = now
                consumer = self._look_at_the_log(silence, consumer)

    def _look_at_the_end(self, now: float) -> None:
        if now > self._deadline:
            self._end("stopping takes too long")

    def _look_at_the_loop(self, now: float) -> None:
        still = now - self._beat
        if still > self.stall:
            self._end("the event loop hangs", seconds=round(still))
        elif still > BLOCKED and not self._told:
            self._told = True
            log.error("the event loop is blocked", seconds=round(still, 1), stack=_stack_of(threading.main_thread()))

    def _look_at_the_log(self, silence: Silence, consumer: KafkaConsumer | None) -> KafkaConsumer | None:
        """The connection for the next look, None where it failed."""
        try:
            consumer = consumer or _asking(self.broker)
            committed, progress = self.committed(), self.progress.copy()
            behind = behind_of(consumer, committed, progress)
            self.ends = {
                place: max(offset, progress.get(place, 0)) + behind.get(place, 0) for place, offset in committed.items()
            }
        except (KafkaError, OSError, ValueError):
            # The broker is down, or being started: then nobody can do anything.
            silence.reset()
            if consumer is not None:
                consumer.close(autocommit=False)
            return None
        if self.excused():
            silence.reset()
            return consumer
        topic = silence.look(time.monotonic(), {topic for topic, _ in behind}, dict(self.progress.signs))
        if topic is not None:
            records = sum(count for place, count in behind.items() if place.topic == topic)
            self._end("nothing moves", topic=topic, records=records)
        return consumer

    def _end(self, why: str, **details: object) -> None:
        try:
            stacks = {thread.name: _stack_of(thread) for thread in threading.enumerate()}
            log.critical("the watchdog ends this worker", why=why, **details, stacks=stacks)
        finally:
            self.end(STALLED)


def _asking(broker: str) -> KafkaConsumer:
    """A log ends for us where that of the worker's consumer does: before the first transaction that is still open."""
    return KafkaConsumer(
        bootstrap_servers=broker.split(","), client_id="caudal-watchdog", isolation_level="read_committed"
    )


def behind_of(log_: Log, committed: Mapping[TP, int], progress: Mapping[TP, int]) -> dict[TP, int]:
    """Records that lie there undone, by partition, only those with any. Raises KafkaError."""
    places = [TopicPartition(*place) for place in committed]
    if not places:
        return {}
    ends, beginnings = log_.end_offsets(places), log_.beginning_offsets(places)
    left = {
        place: ends[TopicPartition(*place)] - max(offset, progress.get(place, 0), beginnings[TopicPartition(*place)])
        for place, offset in committed.items()
    }
    return {place: count for place, count in left.items() if count > 0}


def _stack_of(thread: threading.Thread) -> list[str]:
    """Where a thread stands, the innermost call last."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - the only way there is
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_stack(frame)[-12:]] if frame else []
