"""Where this worker's partitions stand, found out whenever somebody looks: so it is true also when nothing moves.

A figure that is set with every batch says "all is well" for ever once an agent hangs. Here the log's end is compared
with what is done at the moment of the look, and partitions that were lost are not looked at any more.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from faust.types import TP
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.patience import WAITS, Waits
from streams.records import Progress
from streams.topics import CUSTOMER_EVENTS
from streams.topics.endless import FAILURES

SAMPLE_EVERY = 0.5
"""Seconds between two looks of our own: a lag is told at most this much too old, however rarely anybody asks."""

PLACE = ["topic", "partition"]


class Place(NamedTuple):
    """One partition. end: where the log ends. committed: what Kafka holds for the group. done: the first record that
    is not done. age: seconds that the oldest record not done has been waiting, 0 where all is done. is_sure: False
    where it may be older: what a partition that was just taken over holds has not been seen yet."""

    end: int
    committed: int
    done: int
    age: float
    is_sure: bool = True

    @property
    def behind(self) -> int:
        """Records not done."""
        return max(0, self.end - self.done)


@dataclass(frozen=True)
class Sources:
    """Where the figures come from; each is a look at memory. committed: of the partitions owned now. ends: what is
    known of the log's end, from each who knows. ledgers: by partition of `customer-events`."""

    committed: Callable[[], Mapping[TP, int]]
    ends: Callable[[TP], Iterable[int | None]]
    ledgers: Callable[[], Mapping[int, int]]


@dataclass
class Standing:
    """Safe to ask from any thread. timers: due at the last look of `streams.timers`, by partition; none while the
    partition lags."""

    sources: Sources
    progress: Progress
    timers: Mapping[int, int] = field(default_factory=dict)
    _level: dict[TP, float] = field(default_factory=dict)
    _taken: dict[TP, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, now: float | None = None) -> dict[TP, Place]:
        """The partitions owned now. now: seconds since the epoch."""
        now = time.time() if now is None else now
        with self._lock:
            committed = dict(self.sources.committed())
            ledgers = dict(self.sources.ledgers())
            for moments in (self._level, self._taken):
                for lost in moments.keys() - committed.keys():
                    del moments[lost]
            return {partition: self._place(partition, offset, ledgers, now) for partition, offset in committed.items()}

    def _place(self, partition: TP, committed: int, ledgers: Mapping[int, int], now: float) -> Place:
        done = max(committed, self.progress.get(partition, 0))
        if partition.topic == CUSTOMER_EVENTS.name:
            # A ledger that fell behind what was committed is what has to be done again.
            done = ledgers.get(partition.partition, done)
        end = done
        for known in self.sources.ends(partition):
            if known is not None and known > end:
                end = known
        if end <= done:
            self._level[partition] = now
            return Place(end, committed, done, 0.0)
        since = self.progress.waiting_since(partition, done)
        if since is None:
            since = self._level.get(partition)
        is_sure = since is not None
        if since is None:
            since = self._taken.setdefault(partition, now)
        return Place(end, committed, done, max(0.0, now - since), is_sure)


class StandingCollector(Collector):
    """What a scrape gets of it: computed by the scrape. Labels are topics, partitions and names of places in code."""

    def __init__(
        self,
        standing: Standing,
        outboxes: Callable[[], Mapping[int, int]],
        waits: Waits = WAITS,
        failures: Mapping[str, int] = FAILURES,
    ) -> None:
        """outboxes: entries on their way to Kafka, by partition of `customer-events`. failures: of background jobs."""
        self._standing = standing
        self._outboxes = outboxes
        self._waits = waits
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        places = self._standing.look()
        yield from _of_places(places)
        yield _by_number("caudal_ledger_next", "Next offset to apply", self._standing.sources.ledgers(), places)
        yield _by_number("caudal_due_timers", "Customers with a timer that is due", self._standing.timers, places)
        yield self._of_outboxes(places)
        yield from self._of_waits()

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked at when the collector is registered."""
        return iter(())

    def _of_outboxes(self, places: Mapping[TP, Place]) -> Metric:
        depths = self._outboxes()
        family = GaugeMetricFamily(
            "caudal_outbox_entries", "Commits whose outgoing records are not in Kafka yet", labels=["partition"]
        )
        for partition in _numbers(places):
            family.add_metric([str(partition)], depths.get(partition, 0))
        return family

    def _of_waits(self) -> Iterator[Metric]:
        now = GaugeMetricFamily("caudal_dependency_waits", "Waits for Redis or Kafka going on now", labels=["what"])
        for what, count in list(self._waits.now.items()):
            now.add_metric([what], count)
        spent = CounterMetricFamily(
            "caudal_dependency_wait_seconds", "Time spent waiting for Redis or Kafka", labels=["what"]
        )
        for what, seconds in self._waits.spent().items():
            spent.add_metric([what], seconds)
        faults = CounterMetricFamily(
            "caudal_agent_faults", "Mistakes of our own that an agent or job survived: must be 0", labels=["what"]
        )
        for what, count in (Counter(dict(self._waits.faults)) + Counter(dict(self._failures))).items():
            faults.add_metric([what], count)
        yield from (now, spent, faults)


def _of_places(places: Mapping[TP, Place]) -> Iterator[Metric]:
    figures: tuple[tuple[str, str, Callable[[Place], float]], ...] = (
        ("caudal_log_end_offset", "Where the log ends, as far as known", lambda place: place.end),
        ("caudal_committed_offset", "What Kafka holds as committed", lambda place: place.committed),
        ("caudal_lag_records", "Records not done yet", lambda place: place.behind),
        ("caudal_lag_seconds", "How long the oldest record not done has been waiting", lambda place: place.age),
    )
    for name, job, value in figures:
        family = GaugeMetricFamily(name, job, labels=PLACE)
        for partition, place in places.items():
            family.add_metric([partition.topic, str(partition.partition)], value(place))
        yield family


def _by_number(name: str, job: str, figures: Mapping[int, int], places: Mapping[TP, Place]) -> Metric:
    """Of the partitions of `customer-events` that are owned, those that have a figure."""
    family = GaugeMetricFamily(name, job, labels=["partition"])
    for partition in _numbers(places):
        if partition in figures:
            family.add_metric([str(partition)], figures[partition])
    return family


def _numbers(places: Mapping[TP, Place]) -> list[int]:
    """The partitions of `customer-events`."""
    return sorted(place.partition for place in places if place.topic == CUSTOMER_EVENTS.name)
