"""The deliver agent: pushes pass the gate once more and go to their channel; what became of them comes back as events.

Reads `promotions`. Writes the app inbox and `deliveries`. The inbox knows decisions by id, so a push that is
delivered again after a crash is seen once.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
import structlog
from faust.types import TP

from recommender.policy import GatePolicy
from recommender.promote import regate
from retail.customers import EMPTY, CustomerState, decode_state
from retail.decisions import Push, decode_decision, encode_decision
from retail.events import Channel, DeliveryReported, DeliveryStatus, encode_event
from retail.reference import Reference
from streams.faults import Point, reach
from streams.meters import Meters
from streams.patience import patiently, publish_patiently, steadily, tell
from streams.received import Records
from streams.records import Fetched, Progress
from streams.shares import shares
from streams.state import State
from streams.stragglers import Stragglers
from streams.topics import DELIVERIES, PROMOTIONS
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record

log = structlog.get_logger()


@dataclass(frozen=True)
class Deliver:
    """partitions: of the state, by customer."""

    state: State
    publisher: Publisher
    reference: Reference
    policy: GatePolicy
    progress: Progress
    meters: Meters
    partitions: int
    stragglers: Stragglers = field(default_factory=Stragglers)

    async def run(self, stream: AsyncIterable[Fetched]) -> None:
        async for fetched in stream:
            await self.apply(fetched)

    def gained(self, partitions: Iterable[TP]) -> None:
        """Nothing is kept of a partition between two fetches."""

    def lost(self, partitions: Iterable[TP]) -> None:
        self.stragglers.lost([tp.partition for tp in partitions if tp.topic == PROMOTIONS.name])

    async def apply(self, fetched: Fetched) -> None:
        """Returns when every push is sent, or is of a straggler: `promotions` is cut as the state is."""
        work = self.stragglers.keep({tp.partition: records for tp, records in fetched.partitions.items()})
        tasks = {tuple(share): self._apply(share) for share in shares(work, self.state.place)}
        await self.stragglers.round(tasks, self._apply)

    async def _apply(self, share: Mapping[int, Records]) -> None:
        await steadily("deliver", self._attempt, share)

    async def _attempt(self, share: Mapping[int, Records]) -> None:
        pushes = [push for batch in share.values() for r in batch if (push := read_push(r.value))]
        if pushes:
            await self._deliver(pushes)
            reach(Point.DELIVER_BEFORE_PROGRESS)
        for partition, batch in share.items():
            self.progress.advance(TP(PROMOTIONS.name, partition), batch[-1].offset + 1)

    async def _deliver(self, pushes: list[Push]) -> None:
        states = await patiently("deliver", self._states, pushes)
        reach(Point.DELIVER_BEFORE_POST)
        reports = await asyncio.gather(*(self._send(push, states.get(push.customer, EMPTY)) for push in pushes))
        records = [
            Record(topic=DELIVERIES.name, key=report.customer.encode(), value=encode_event(report))
            for report in reports
        ]
        reach(Point.DELIVER_BEFORE_REPORT)
        await publish_patiently("deliveries", self.publisher, records)

    async def _states(self, pushes: list[Push]) -> dict[str, CustomerState]:
        customers: dict[int, list[str]] = defaultdict(list)
        for push in pushes:
            customers[partition_of(push.customer, self.partitions)].append(push.customer)
        found: dict[str, CustomerState] = {}
        for partition, names in customers.items():
            blobs = await self.state.states(partition, names)
            found.update({name: _readable(blob) for name, blob in zip(names, blobs, strict=True) if blob})
        return found

    def _reason(self, push: Push, state: CustomerState, now: int) -> str | None:
        """Why it may not be sent now, None where it may."""
        try:
            return regate(push, state, self.reference, self.policy, now)
        except Exception as fault:  # noqa: BLE001 - one push that we cannot judge must not hold up all behind it
            tell("regate", fault)
            return "internal_fault"

    async def _send(self, push: Push, state: CustomerState) -> DeliveryReported:
        now = int(time.time() * 1000)
        partition = partition_of(push.customer, self.partitions)
        reason = self._reason(push, state, now)
        if reason is None:
            await patiently("inbox", self.state.post, partition, push.customer, push.id, encode_decision(push))
        elif await patiently("inbox", self.state.was_posted, partition, push.customer, push.id):
            # A worker died between showing it and saying so; what the customer has seen was not withheld.
            reason = None
        status = DeliveryStatus.WITHHELD if reason else DeliveryStatus.SENT
        self.meters.delivered(status, reason or "")
        return DeliveryReported(
            id=f"{push.id}:{status}",
            customer=push.customer,
            channel=Channel.APP,
            at=now,
            received=now,
            decision=push.id,
            offer=push.offer,
            status=status,
            reason=reason or "",
        )


def _readable(blob: bytes) -> CustomerState:
    """Of a state that cannot be read nothing is known, consent least of all."""
    try:
        return decode_state(blob)
    except msgspec.DecodeError:
        return EMPTY


def read_push(raw: bytes | None) -> Push | None:
    """None for a withheld decision, and for bytes that are no decision: only the journey writes this topic."""
    try:
        decision = decode_decision(raw or b"")
    except msgspec.DecodeError as fault:
        log.error("a record of the promotions topic is no decision", bytes=len(raw or b""), kind=type(fault).__name__)
        return None
    return decision if isinstance(decision, Push) else None
