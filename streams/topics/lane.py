"""One partition's queue of records: gathered from concurrent calls into batches, one batch on its way at a time.

One at a time keeps the order also with a producer that is not idempotent: a batch that is sent again cannot be
overtaken by the next.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from streams.topics.pace import Pace
from streams.topics.records import PublishFailed, Record


class Batch(Protocol):
    """A batch under construction; the client's builder is one."""

    def append(
        self, *, timestamp: int | None, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> object | None:
        """None where it is full; the first record always fits."""
        ...


class Shipping(Protocol):
    """Where batches go. Both raise PublishFailed."""

    async def open(self) -> Batch: ...

    async def send(self, batch: Batch, topic: str, partition: int) -> None:
        """Returns when the batch is acknowledged."""
        ...


@dataclass(eq=False)
class Delivery:
    """One publish call. missing: records not yet acknowledged. over: resolved when none is, or one has failed."""

    missing: int
    over: asyncio.Future[None]

    def arrived(self, records: int) -> None:
        self.missing -= records
        if not self.missing and not self.over.done():
            self.over.set_result(None)

    def fail(self, fault: PublishFailed) -> None:
        if not self.over.done():
            self.over.set_exception(fault)


@dataclass(eq=False)
class Parcel:
    """The records of one delivery for one partition. taken: how many have gone into batches."""

    delivery: Delivery
    records: list[Record]
    taken: int = 0

    def pack(self, batch: Batch) -> int:
        """Puts as many records as fit into the batch; returns how many."""
        first = self.taken
        for record in self.records[first:]:
            headers = list(record.headers)
            if batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=headers) is None:
                break
            self.taken += 1
        return self.taken - first


@dataclass(eq=False)
class Lane:
    """A failed batch fails its deliveries whole: what is left of them is not sent, or it would overtake."""

    shipping: Shipping
    topic: str
    partition: int
    pace: Pace = field(default_factory=Pace)
    waiting: deque[Parcel] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    def add(self, parcel: Parcel) -> None:
        self.waiting.append(parcel)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._run())

    def drop(self, delivery: Delivery) -> None:
        """Forgets what is left of a delivery that is over."""
        self.waiting = deque(parcel for parcel in self.waiting if parcel.delivery is not delivery)

    async def _run(self) -> None:
        while self.waiting:
            load: dict[Delivery, int] = {}
            await self.pace.turn()
            try:
                batch = await self.shipping.open()
                load = self._fill(batch)
                if load:
                    await self.shipping.send(batch, self.topic, self.partition)
            except PublishFailed as fault:
                self._fail(load, fault)
            except Exception as fault:  # noqa: BLE001 - whatever a batch dies of, its callers must hear of it
                self._fail(load, PublishFailed(f"cannot write to {self.topic}[{self.partition}]: {fault!r}"))
            else:
                for delivery, records in load.items():
                    delivery.arrived(records)

    def _fill(self, batch: Batch) -> dict[Delivery, int]:
        """Records taken, by delivery. Stops at the first that does not fit."""
        load: dict[Delivery, int] = {}
        while self.waiting:
            parcel = self.waiting[0]
            if not parcel.delivery.over.done():
                load[parcel.delivery] = load.get(parcel.delivery, 0) + parcel.pack(batch)
                if parcel.taken < len(parcel.records):
                    break
            self.waiting.popleft()
        return load

    def _fail(self, load: dict[Delivery, int], fault: PublishFailed) -> None:
        """load: empty where not even a batch could be opened; then nobody who waits can be served."""
        for delivery in load or [parcel.delivery for parcel in self.waiting]:
            delivery.fail(fault)
