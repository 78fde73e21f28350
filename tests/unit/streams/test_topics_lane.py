"""However batches fall and fail: what a lane delivers of a call is a beginning of it, in order, or all of it."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from streams.topics.lane import Batch, Delivery, Lane, Parcel
from streams.topics.records import PublishFailed, Record


@dataclass
class CountedBatch:
    """A batch with room for so many records."""

    room: int
    keys: list[bytes] = field(default_factory=list)

    def append(
        self, *, timestamp: int | None, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> object | None:
        if self.keys and len(self.keys) >= self.room:
            return None
        self.keys.append(key)
        return self


@dataclass
class Log:
    """One partition in memory. fates: of the batches to come, True arrives; then all do."""

    room: int
    fates: list[bool]
    keys: list[bytes] = field(default_factory=list)
    on_their_way: int = 0

    async def open(self) -> Batch:
        return CountedBatch(self.room)

    async def send(self, batch: Batch, topic: str, partition: int) -> None:
        assert isinstance(batch, CountedBatch)
        assert batch.keys, "an empty batch was sent"
        self.on_their_way += 1
        assert self.on_their_way == 1, "two batches on their way could overtake each other"
        await asyncio.sleep(0)
        self.on_their_way -= 1
        if self.fates and not self.fates.pop(0):
            raise PublishFailed("the broker did not take it")
        self.keys += batch.keys


def key(call: int, number: int) -> bytes:
    return b"%d/%d" % (call, number)


async def deliver(log: Log, sizes: list[int]) -> list[bool]:
    """Calls of these sizes at once; which of them were acknowledged."""
    lane = Lane(log, "customer-events", 0)
    deliveries = []
    for call, size in enumerate(sizes):
        delivery = Delivery(size, asyncio.get_running_loop().create_future())
        lane.add(Parcel(delivery, [Record("customer-events", key(call, number), b"") for number in range(size)]))
        deliveries.append(delivery)
    outcomes = await asyncio.gather(*(delivery.over for delivery in deliveries), return_exceptions=True)
    assert lane.task is not None
    await lane.task
    return [outcome is None for outcome in outcomes]


@given(
    st.lists(st.integers(min_value=1, max_value=7), min_size=1, max_size=6),
    st.integers(min_value=1, max_value=5),
    st.lists(st.booleans(), max_size=8),
)
def test_a_call_is_delivered_whole_or_as_a_beginning_and_always_in_order(
    sizes: list[int], room: int, fates: list[bool]
) -> None:
    log = Log(room, list(fates))

    acknowledged = asyncio.run(deliver(log, sizes))

    for call, size in enumerate(sizes):
        arrived = [written for written in log.keys if written.startswith(b"%d/" % call)]
        assert arrived == [key(call, number) for number in range(len(arrived))]
        assert not acknowledged[call] or len(arrived) == size


@given(st.lists(st.integers(min_value=1, max_value=7), min_size=1, max_size=6), st.integers(min_value=1, max_value=5))
def test_without_failures_every_call_is_acknowledged(sizes: list[int], room: int) -> None:
    log = Log(room, [])

    assert all(asyncio.run(deliver(log, sizes)))
    assert len(log.keys) == sum(sizes)


def test_concurrent_calls_share_a_batch() -> None:
    log = Log(1000, [])

    asyncio.run(deliver(log, [1] * 100))

    assert len(log.keys) == 100
