"""Whether customers are looked for where the workers keep them: the number of partitions is part of every key.

A gateway that counts them otherwise finds nobody: every customer would be a stranger, without allergens, consents and
messages. So it refuses to start; and where Kafka could not be asked then, it ends as soon as Kafka tells.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from streams.topics import CUSTOMER_EVENTS
from streams.topics.cut import Cut
from streams.topics.records import PublishFailed

ASK_EVERY = 2.0
"""Seconds between two questions, while there is no answer."""


FIT_PATIENCE = 1.0
"""Seconds that Kafka gets, beyond those that the start takes, to say how many partitions there are."""


class UnfitPartitions(Exception):
    """The settings have another number of partitions than Kafka. The message says what to do."""


class Cuts(Protocol):
    """`streams.topics.cut.TopicsAtBroker` is the real one."""

    def cuts(self, topics: Iterable[str]) -> Mapping[str, Cut]:
        """Those of the topics that exist. Blocks. Raises PublishFailed."""
        ...


def verdict(topics: Cuts, wanted: int) -> "asyncio.Future[None]":
    """Done once Kafka tells, with UnfitPartitions where it has another number than wanted. Call it in the event loop.

    Asked by a thread that nobody waits for: a Kafka that hangs must not hold up who wants to stop.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def tell(there: int) -> None:
        if told.done():
            return
        if there == wanted:
            told.set_result(None)
        else:
            told.set_exception(UnfitPartitions(_refusal(there, wanted)))

    def ask() -> None:
        there = _asked(topics, told.done)
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            loop.call_soon_threadsafe(tell, there)

    threading.Thread(target=ask, daemon=True, name="fitness").start()
    return told


async def heed(told: "asyncio.Future[None]", patience: float) -> None:
    """Waits so many seconds for the verdict. Raises UnfitPartitions."""
    await asyncio.wait([told], timeout=patience)
    if told.done():
        told.result()


def _asked(topics: Cuts, is_over: Callable[[], bool]) -> int:
    """How many partitions there are, as soon as somebody tells."""
    while not is_over():
        with suppress(PublishFailed):
            if cut := topics.cuts([CUSTOMER_EVENTS.name]).get(CUSTOMER_EVENTS.name):
                return cut.partitions
        time.sleep(ASK_EVERY)
    return 0


def _refusal(there: int, wanted: int) -> str:
    return (
        f"{CUSTOMER_EVENTS.name} has {there} partitions, the settings want {wanted}: the number is part of every key "
        "of the state, so no customer would be found. Set CAUDAL_CUSTOMER_PARTITIONS to what is there"
    )
