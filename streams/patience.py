"""Waiting for a dependency: an action is done again, ever more patiently, until it succeeds.

While Redis or Kafka is down nothing may be acknowledged and nothing may be lost, so the agents wait here and
Kafka is the buffer. Only cancellation (shutdown, rebalance) gets out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, TypeVar

import structlog

from streams.state import StateUnavailable
from streams.topics.publisher import Publisher, PublishFailed, Record

FIRST_PAUSE = 0.05
"""Seconds; a restarted Redis is back within some hundred milliseconds."""

LONGEST_PAUSE = 2.0
"""Seconds; recovery may come at most this much later than the dependency."""

PRODUCE_TIMEOUT = 10.0
"""Seconds until a produce call is given up and done again."""

log = structlog.get_logger()

T = TypeVar("T")
P = ParamSpec("P")


async def patiently(what: str, action: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """The action's result, however long its dependency takes to come back. what: for the log."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await action(*args, **kwargs)
        except (StateUnavailable, PublishFailed) as fault:
            log.warning("waiting for a dependency", what=what, fault=str(fault), pause=round(pause, 3))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)


async def publish_patiently(what: str, publisher: Publisher, records: Sequence[Record]) -> None:
    """Returns when Kafka has all of them. Some may be there twice: their readers know by id or origin."""
    await patiently(what, publisher.publish, records, timeout=PRODUCE_TIMEOUT)
