"""The present: later receipts, in their order and at a chosen speed, through the gateway as a till sends them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from caudal.demo.door import Door
from caudal.demo.messages import customer_of, receipt_message
from caudal.demo.receipts import Receipt, Receipts
from caudal.demo.taste import LENGTH, Taste, measurable

BATCH = 50
"""Receipts in one request at most: a till server that empties its queue."""

TICK = 0.01
"""Seconds to wait where no receipt is due yet."""

MEASURED_EVERY = 5
"""Of the baskets that can be measured, every so many is: some thousands, for a margin of two points."""

REPEATED_EVERY = 40
"""Of the batches, every so many is sent twice, as by a till that did not hear the answer."""


@dataclass
class Replay:
    """speed: seconds of shop time per second. left_out: customers whose baskets are not measured."""

    door: Door
    taste: Taste
    speed: float
    run: str
    left_out: frozenset[str] = frozenset()
    played: int = 0
    _batches: int = field(default=0, repr=False)
    _seen: int = field(default=0, repr=False)

    async def play(self, receipts: Receipts, watch: Callable[[], None]) -> None:
        """watch: called between batches; what it raises ends the replay. Raises Refused."""
        for batch in self._due(receipts):
            watch()
            if not batch:
                await asyncio.sleep(TICK)
                continue
            await self._measure(batch)
            await self._send(batch)
            self.played += len(batch)

    def _due(self, receipts: Receipts) -> Iterator[list[Receipt]]:
        """Batches of what is due by now, [] where nothing is."""
        started, first, row = monotonic(), int(receipts.at[0]) if len(receipts) else 0, 0
        while row < len(receipts):
            now = first + (monotonic() - started) * 1000 * self.speed
            until = min(int(receipts.at.searchsorted(now, side="right")), row + BATCH)
            yield [receipts[number] for number in range(row, until)]
            row = max(row, until)

    async def _send(self, batch: list[Receipt]) -> None:
        messages = [receipt_message(receipt, self.run) for receipt in batch]
        await self.door.send(self.door.keys.store, messages)
        self._batches += 1
        if self._batches % REPEATED_EVERY == 0:
            await self.door.send(self.door.keys.store, messages, again=True)

    async def _measure(self, batch: list[Receipt]) -> None:
        await asyncio.gather(*(self._judge(receipt) for receipt in batch if self._is_sample(receipt)))

    def _is_sample(self, receipt: Receipt) -> bool:
        if customer_of(receipt) in self.left_out or not measurable(receipt):
            return False
        self._seen += 1
        return self._seen % MEASURED_EVERY == 0

    async def _judge(self, receipt: Receipt) -> None:
        slate = await self.door.recommendations(customer_of(receipt), str(receipt.store), LENGTH)
        self.taste.fallbacks[slate.fallback] += 1
        self.taste.judge(receipt, {shown.item for shown in slate.items})
