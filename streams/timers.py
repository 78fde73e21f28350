"""Timers go off: whoever owns a partition looks every second whose timer is due, and says so in `customer-events`.

Reads the due index of the owned partitions, in one round trip to each server. Writes `TimerFired` events into the
customer's own partition, behind everything that is known of the customer; the journey folds them as any other
(`retail.timers`), and what fires twice (a lost reply, a restart, two owners for a moment) changes nothing the second
time.

A source partition of this worker that lags holds events of before the timer that are not in `customer-events` yet, so
nothing fires meanwhile. Where the journey itself lags nothing could go wrong, the events come first in the log; but
most of what looks due would not be any more when it is folded, so those partitions wait too. Each server of a cluster
is asked by itself: one that hangs holds up the timers of what it keeps alone.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faust.types import TP

from retail.decisions import decision_id
from retail.events import Channel, TimerFired, encode_event
from streams.faults import Point, reach
from streams.origin import unmarked_header
from streams.patience import DEPENDENCY_DOWN, publish_patiently, steadily, tell
from streams.shares import by_place
from streams.standing import Place, Standing
from streams.state import State
from streams.stragglers import PATIENCE
from streams.topics import CUSTOMER_EVENTS, SOURCES
from streams.topics.publisher import Publisher, Record

LOOK_EVERY = 1.0
"""Seconds between two looks."""

LAG = 1.0
"""Seconds; a partition further behind is not looked at."""

AT_ONCE = 1000
"""Timers of a partition that are under way at most: after an outage the journey is not flooded with them."""

FIRE_AGAIN = 60.0
"""Seconds after which a timer that is still due fires again; by then its event was folded, or it is lost."""

_SOURCES = frozenset(topic.name for topic in SOURCES)

Under = dict[str, tuple[int, float]]
"""Timers under way: by customer, since when it is due (milliseconds) and when it was fired (seconds, monotonic)."""


@dataclass
class Timers:
    state: State
    publisher: Publisher
    standing: Standing
    _under_way: dict[int, Under] = field(default_factory=dict)
    _late: "dict[int, asyncio.Task[int]]" = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await steadily("timers", self.look)

    async def look(self) -> int:
        """How many fired, as far as servers answered in time; the partitions of others are left out until they have.
        Raises StateUnavailable."""
        ready = self._ready()
        self._forget(ready)
        looks = {asyncio.ensure_future(self._look(share)): share for share in by_place(ready, self.state.place)}
        try:
            done, late = await asyncio.wait(looks, timeout=PATIENCE) if looks else (set(), set())
        except BaseException:
            for look in looks:
                look.cancel()
            raise
        for look in late:
            self._leave(look, looks[look])
        faults = [fault for look in done if (fault := look.exception()) is not None]
        if faults:
            raise faults[0]
        return sum(look.result() for look in done)

    async def _look(self, partitions: Sequence[int]) -> int:
        """At those of one server."""
        now = int(time.time() * 1000)
        looked = zip(partitions, await self.state.due(partitions, now, AT_ONCE), strict=True)
        found = {partition: due for partition, due in looked if due is not None}
        self.standing.timers = {**self.standing.timers, **{partition: len(due) for partition, due in found.items()}}
        news = {partition: self._news(partition, due) for partition, due in found.items()}
        records = [_record(partition, name, at, now) for partition, due in news.items() for name, at in due.items()]
        if records:
            reach(Point.TIMERS_BEFORE_PUBLISH)
            await publish_patiently("timers", self.publisher, records)
        self._remember(found, news)
        return len(records)

    def _leave(self, look: "asyncio.Task[int]", partitions: Iterable[int]) -> None:
        """It goes on by itself; its partitions are looked at again when it is over."""
        self._late.update(dict.fromkeys(partitions, look))
        look.add_done_callback(self._return)

    def _return(self, look: "asyncio.Task[int]") -> None:
        self._late = {partition: task for partition, task in self._late.items() if task is not look}
        fault = None if look.cancelled() else look.exception()
        if fault is not None and not isinstance(fault, DEPENDENCY_DOWN):
            tell("timers", fault)

    def _forget(self, ready: Iterable[int]) -> None:
        """Partitions that are not looked at."""
        kept = {*ready, *self._late}
        self._under_way = {partition: under for partition, under in self._under_way.items() if partition in kept}
        self.standing.timers = {p: count for p, count in self.standing.timers.items() if p in kept}

    def _ready(self) -> list[int]:
        """Partitions of `customer-events` whose timers may be believed now."""
        places = self.standing.look()
        if any(self._lags(partition, place) for partition, place in places.items() if partition.topic in _SOURCES):
            return []
        ledgers = self.standing.sources.ledgers()
        return sorted(
            partition.partition
            for partition, place in places.items()
            if partition.topic == CUSTOMER_EVENTS.name
            and partition.partition in ledgers
            and not self._lags(partition, place)
            and partition.partition not in self._late
            and self.state.silence(partition.partition) <= PATIENCE
        )

    def _lags(self, partition: TP, place: Place) -> bool:
        """A partition that was never fetched may hold anything."""
        unknown = all(end is None for end in self.standing.sources.ends(partition))
        return unknown or not place.is_sure or place.age >= LAG

    def _news(self, partition: int, due: Mapping[str, int]) -> dict[str, int]:
        """Those that are not under way already."""
        under_way, recently = self._under_way.get(partition, {}), time.monotonic() - FIRE_AGAIN
        return {
            customer: at
            for customer, at in due.items()
            if (known := under_way.get(customer)) is None or known[0] != at or known[1] < recently
        }

    def _remember(self, found: Mapping[int, Mapping[str, int]], news: Mapping[int, Mapping[str, int]]) -> None:
        """What is due no more was folded."""
        now = time.monotonic()
        self._under_way |= {
            partition: _still(self._under_way.get(partition, {}), due) | _fired(news[partition].items(), now)
            for partition, due in found.items()
        }


def _still(under_way: Under, due: Mapping[str, int]) -> Under:
    return {customer: known for customer, known in under_way.items() if due.get(customer) == known[0]}


def _fired(news: Iterable[tuple[str, int]], now: float) -> Under:
    return {customer: (at, now) for customer, at in news}


def _record(partition: int, customer: str, due: int, now: int) -> Record:
    event = TimerFired(
        id=decision_id(customer, f"timer:{due}"), customer=customer, channel=Channel.SERVICE, at=due, received=now
    )
    key = customer.encode()
    return Record(CUSTOMER_EVENTS.name, key, encode_event(event), (unmarked_header(),), partition, now)
