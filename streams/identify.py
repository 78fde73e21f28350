"""The identify agent: what senders wrote becomes events of a customer, decoded, validated, clock-corrected.

Reads the channel topics and `deliveries`. Writes `customer-events` (key: customer) and `events.rejected`.
A fetch is acknowledged when all it gave rise to is in Kafka; until then it is produced again, in order, and the
journey drops what it has seen by the origin in each record's header.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass

import msgspec
from faust.types import TP

from retail.correspondence import LETTERS
from retail.errors import EventRefused
from retail.events import Channel, TimerFired, decode_event, encode_event
from retail.policy import EventLimits
from retail.rejects import Rejected, encode_rejected
from retail.wire import Refined, cloudevents, refine_named
from streams.faults import Point, reach
from streams.meters import Meters
from streams.origin import Replay, also_header, origin_header, read_replay
from streams.patience import publish_patiently, steadily, tell
from streams.received import Received
from streams.records import Fetched, Progress
from streams.topics import APP, CUSTOMER_EVENTS, DELIVERIES, REJECTED, SERVICE, STORE, WEB
from streams.topics.inflated import OVERSIZED, Oversized
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record

CHANNEL_OF = {
    WEB.name: Channel.WEB,
    APP.name: Channel.APP,
    STORE.name: Channel.STORE,
    SERVICE.name: Channel.SERVICE,
}

LIMITS = EventLimits()

LARGEST_DELIVERY = 32 * 1024
"""Bytes of a delivery report; ours have some hundreds, and anybody may write to a topic."""


@dataclass(frozen=True)
class Identify:
    """partitions: of `customer-events`. limits: what an event may be, and whom it may not name."""

    publisher: Publisher
    progress: Progress
    meters: Meters
    partitions: int
    limits: EventLimits = LIMITS

    async def run(self, stream: AsyncIterable[Fetched]) -> None:
        async for fetched in stream:
            await steadily("identify", self.apply, fetched)

    async def apply(self, fetched: Fetched) -> None:
        records = [
            self.outgoing(partition, record) for partition, batch in fetched.partitions.items() for record in batch
        ]
        reach(Point.IDENTIFY_BEFORE_PUBLISH)
        await publish_patiently("identify", self.publisher, records)
        reach(Point.IDENTIFY_BEFORE_PROGRESS)
        for partition, batch in fetched.partitions.items():
            self.progress.advance(partition, batch[-1].offset + 1)
        self.meters.identified(len(records))

    def outgoing(self, partition: TP, record: Received) -> Record:
        """The record that a source record becomes: an event of its customer, or a reject."""
        replay = read_replay(record.headers) if record.headers else None
        received = replay.received if replay else record.timestamp
        raw = record.value or b""
        try:
            cloud = cloudevents.in_record(record.headers, record.key, raw)
            raw = raw if cloud is None else cloud
            told = raw if cloud is None else cloudevents.structured(raw)
            event, also = read_source(partition.topic, told, received, replay, self.limits)
        except EventRefused as fault:
            return self._rejected(partition, record, raw, fault.code, str(fault))
        except msgspec.DecodeError as fault:
            return self._rejected(partition, record, raw, "malformed_event", str(fault))
        except Exception as fault:  # noqa: BLE001 - one record that we cannot read must not hold up all behind it
            tell("refine", fault)
            return self._rejected(partition, record, raw, "internal_fault", type(fault).__name__)
        origin, key = origin_header(partition.topic, partition.partition, record.offset), event.customer.encode()
        return Record(
            topic=CUSTOMER_EVENTS.name,
            key=key,
            value=encode_event(event),
            headers=(origin, also_header(also)) if also else (origin,),
            partition=partition_of(key, self.partitions),
            timestamp=received,
        )

    def _rejected(self, partition: TP, record: Received, raw: bytes, reason: str, message: str) -> Record:
        """What was put back and is refused again keeps its first place, so that it is one reject still.

        raw: a CloudEvent's attributes among it, which are in headers that a reject does not have.
        """
        if isinstance(record.value, Oversized):
            reason, message = "batch_too_large", OVERSIZED
        self.meters.rejected(partition.topic, partition.partition, reason)
        replay = read_replay(record.headers)
        source = replay.source if replay else f"{partition.topic}/{partition.partition}/{record.offset}"
        rejected = Rejected.of(raw, source=source, reason=reason, message=message, key=record.key)
        return Record(topic=REJECTED.name, key=source.encode(), value=encode_rejected(rejected))


def read_source(
    topic: str, raw: bytes, received: int, replay: Replay | None = None, limits: EventLimits = LIMITS
) -> Refined:
    """received: when it came, milliseconds. Raises EventRefused, msgspec.DecodeError."""
    if topic == DELIVERIES.name:
        if len(raw) > LARGEST_DELIVERY:
            raise EventRefused("event_too_large", f"a delivery report has {len(raw)} bytes, at most {LARGEST_DELIVERY}")
        event = decode_event(raw)
        if isinstance(event, TimerFired):
            raise EventRefused("foreign_timer", "a timer is fired by the owner of the customer's partition")
        if type(event) in LETTERS:
            raise EventRefused("foreign_letter", "only profiles write letters, and operators through the gateway")
        return Refined(event)
    unnamed = f"replay:{replay.source}" if replay else ""
    return refine_named(raw, CHANNEL_OF[topic], received, limits, unnamed=unnamed)
