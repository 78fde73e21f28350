"""The simulated shop floor: customers browse, allow or refuse pushes, walk past beacons, and find pushes in their app.

Nothing here is in the data set; every event says so in its context.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic, time

from caudal.demo.cast import Errand, Walker
from caudal.demo.door import Delivered, Door
from caudal.demo.messages import Message, consent, simulated

BEACONS = 4
"""Beacons a walker passes."""

STEP = 0.4
"""Seconds between two beacons; a real walker takes minutes, the demo does not wait for that."""

LOOKS = 6
"""How often a walker looks into the inbox after a step, at most; then there is no push."""

LOOK_EVERY = 0.15
"""Seconds between two looks."""

AT_ONCE = 16
"""Walkers on the floor at a time."""


@dataclass
class Floor:
    """pushed: pushes that walkers found in their inbox. waits: seconds from the accepted sighting to finding it."""

    door: Door
    run: str
    pushed: int = 0
    waits: list[float] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count, repr=False)

    async def play(self, walkers: Sequence[Walker], pause: float) -> None:
        """pause: seconds between two walkers that come in. Raises Refused."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for walker in walkers:
                await room.acquire()
                walk = group.create_task(self._walk(walker))
                walk.add_done_callback(lambda _: room.release())
                await asyncio.sleep(pause)

    async def _walk(self, walker: Walker) -> None:
        await ERRANDS[walker.errand](self, walker)

    async def browse_first(self, walker: Walker) -> None:
        await self._view(walker)
        await self.wander(walker)

    async def wander(self, walker: Walker) -> None:
        await self._answer(walker, granted=True)
        await self._stroll(walker)

    async def refuse(self, walker: Walker) -> None:
        await self._answer(walker, granted=False)
        await self._stroll(walker)

    async def walk_unasked(self, walker: Walker) -> None:
        await self._stroll(walker)

    async def dismiss(self, walker: Walker) -> None:
        """Waves the first push away and comes back: that must be remembered."""
        await self._answer(walker, granted=True)
        push = await self._stroll(walker)
        if push is None:
            return
        told = {"decision_id": push.decision, "offer_id": push.message.offer}
        await self._tell(self.door.keys.app, walker, "Push Notification Dismissed", told)
        await self._tell(self.door.keys.app, walker, "Store Exited", {"store_id": walker.store.id})
        await asyncio.sleep(STEP)
        await self._stroll(walker)

    async def buy_first(self, walker: Walker) -> None:
        await self._answer(walker, granted=True)
        line = {"product_id": walker.usual, "quantity": 1, "price": 1.0}
        order = {"order_id": f"{self.run}-{walker.customer}", "store_id": walker.store.id, "products": [line]}
        await self._tell(self.door.keys.store, walker, "Order Completed", order)
        await asyncio.sleep(STEP)
        await self._stroll(walker)

    async def _stroll(self, walker: Walker) -> Delivered | None:
        """In by the door and past some beacons; the first push that arrives."""
        known = {message.id for message in await self.door.inbox(walker.customer)}
        await self._tell(self.door.keys.app, walker, "Store Entered", {"store_id": walker.store.id})
        first = await self._look(walker, known)
        for beacon in walker.store.beacons[:BEACONS]:
            await asyncio.sleep(STEP)
            seen = {"beacon": beacon.id, "rssi": -62.0}
            await self.door.sight(self._message(walker, "Beacon Sighted", seen))
            first = first or await self._look(walker, known)
        return first

    async def _look(self, walker: Walker, known: set[str]) -> Delivered | None:
        started = monotonic()
        for _ in range(LOOKS):
            for message in await self.door.inbox(walker.customer):
                if message.id not in known:
                    self.pushed += 1
                    self.waits.append(monotonic() - started)
                    return message
            await asyncio.sleep(LOOK_EVERY)
        return None

    async def _view(self, walker: Walker) -> None:
        for _ in range(2):
            await self._tell(self.door.keys.site, walker, "Product Viewed", {"product_id": walker.usual})

    async def _answer(self, walker: Walker, *, granted: bool) -> None:
        message = consent(walker.customer, self._id(), now(), granted=granted)
        await self.door.send(self.door.keys.app, [message])

    async def _tell(self, key: str, walker: Walker, event: str, properties: Mapping[str, object]) -> None:
        await self.door.send(key, [self._message(walker, event, properties)])

    def _message(self, walker: Walker, event: str, properties: Mapping[str, object]) -> Message:
        return simulated(walker.customer, event, self._id(), now(), properties)

    def _id(self) -> str:
        return f"{self.run}-floor-{next(self._numbers)}"


ERRANDS: Mapping[Errand, Callable[[Floor, Walker], Awaitable[None]]] = {
    Errand.BROWSES_FIRST: Floor.browse_first,
    Errand.WANDERS: Floor.wander,
    Errand.REFUSES: Floor.refuse,
    Errand.NEVER_ASKED: Floor.walk_unasked,
    Errand.DISMISSES: Floor.dismiss,
    Errand.BUYS_FIRST: Floor.buy_first,
}


def now() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1000)
