"""One partition's queue of records: gathered from concurrent calls into batches, one batch on its way at a time.

One at a time keeps the order also with a producer that is not idempotent: a batch that is retried cannot be
overtaken by the next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from streams.topics.records import PublishFailed, Record


@dataclass(eq=False)
class Delivery:
    """One publish call. missing: records not yet acknowledged. done: resolved when none is, or one has failed."""

    missing: int
    done: asyncio.Future[None]

    def arrived(self, records: int) -> None:
        self.missing -= records
        if not self.missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, fault: PublishFailed) -> None:
        if not self.done.done():
            self.done.set_exception(fault)


@dataclass(eq=False)
class Parcel:
    """The records of one delivery for one partition. taken: how many have gone into batches."""

    delivery: Delivery
    records: list[Record]
    taken: int = 0


class Batch(Protocol):
    """A batch under construction; `aiokafka` has it as BatchBuilder."""

    def append(self, record: Record) -> bool:
        """False where it is full; the first record always fits."""
        ...


Load = list[tuple[Parcel, int]]
"""What a batch holds: parcels, and how many records of each."""

Send = Callable[[Callable[[Batch], Load]], Awaitable[Load]]
"""Opens a batch, lets it be filled, and returns its load once acknowledged. Raises what the client raises."""


@dataclass(eq=False)
class Lane:
    """A failed batch fails its deliveries whole: what is left of them is not sent, or it would overtake."""

    name: str
    send: Callable[["Lane"], Awaitable[None]]
    waiting: deque[Parcel] = field(default_factory=deque)
    load: Load = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def add(self, parcel: Parcel) -> None:
        self.waiting.append(parcel)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._run(), name=f"publish {self.name}")

    def drop(self, delivery: Delivery) -> None:
        """Forgets what was not yet taken of a delivery that is over."""
        self.waiting = deque(parcel for parcel in self.waiting if parcel.delivery is not delivery)
