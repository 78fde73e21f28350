"""Waiting for a dependency, and surviving our own mistakes: an action is done again until it succeeds.

While Redis or Kafka is down nothing may be acknowledged and nothing may be lost, so the agents wait here and
Kafka is the buffer. A fault of our own is no different to them: whatever an agent does is idempotent by the ledger, so
it is done again, and the agent never ends. Only cancellation (shutdown, rebalance) gets out.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import structlog

from streams.state import StateUnavailable
from streams.topics.endless import where
from streams.topics.publisher import Publisher, PublishFailed, Record

FIRST_PAUSE = 0.05
"""Seconds; a restarted Redis is back within some hundred milliseconds."""

LONGEST_PAUSE = 2.0
"""Seconds; recovery may come at most this much later than the dependency."""

PRODUCE_TIMEOUT = 10.0
"""Seconds until a produce call is given up and done again."""

DEPENDENCY_DOWN = (StateUnavailable, PublishFailed)

log = structlog.get_logger()

T = TypeVar("T")
P = ParamSpec("P")


@dataclass
class Waits:
    """What this process waits for, for its metrics and its watchdog.

    now: waits going on, by what waits. seconds: spent in waits that are over (see `spent`). faults: of our own, by
    where they came up.
    """

    now: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    faults: Counter[str] = field(default_factory=Counter)
    _since: dict[object, tuple[str, float]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return self.now.total() > 0

    def spent(self) -> Mapping[str, float]:
        """Seconds spent waiting, waits that are going on included."""
        spent = dict(self.seconds)
        now = time.monotonic()
        for what, since in list(self._since.values()):
            spent[what] = spent.get(what, 0.0) + now - since
        return spent

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        started, wait = time.monotonic(), object()
        self.now[what] += 1
        self._since[wait] = what, started
        try:
            yield
        finally:
            self.now[what] -= 1
            del self._since[wait]
            self.seconds[what] += time.monotonic() - started


WAITS = Waits()
"""Of this process."""


async def patiently(what: str, action: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """The action's result, however long its dependency takes to come back. what: for the log."""
    try:
        return await action(*args, **kwargs)
    except DEPENDENCY_DOWN as fault:
        first = fault
    with WAITS.waiting(what):
        return await _again(what, first, action, *args, **kwargs)


async def _again(
    what: str, fault: Exception, action: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    pause = FIRST_PAUSE
    while True:
        log.warning("waiting for a dependency", what=what, fault=str(fault), pause=round(pause, 3))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)
        try:
            return await action(*args, **kwargs)
        except DEPENDENCY_DOWN as again:
            fault = again


async def steadily(what: str, action: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `patiently`, and whatever else the action raises is told, counted, and the action is done again."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await patiently(what, action, *args, **kwargs)
        except Exception as fault:  # noqa: BLE001 - an agent that ends loses what it holds, so it must not
            tell(what, fault)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def tell(what: str, fault: BaseException) -> None:
    """Into the log and the count: which fault, and where; never its message, which may name a customer."""
    WAITS.faults[what] += 1
    log.critical("a fault of our own", what=what, kind=type(fault).__name__, where=where(fault))


async def publish_patiently(what: str, publisher: Publisher, records: Sequence[Record]) -> None:
    """Returns when Kafka has all of them. Some may be there twice: their readers know by id or origin."""
    await patiently(what, publisher.publish, records, timeout=PRODUCE_TIMEOUT)
