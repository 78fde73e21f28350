"""The identify agent: what senders wrote becomes events of a customer, decoded, validated, clock-corrected.

Reads the channel topics and `deliveries`. Writes `customer-events` (key: customer) and `events.rejected`.
A fetch is acknowledged when all it gave rise to is in Kafka; until then it is produced again, in order, and the
journey drops what it has seen by the origin in each record's header.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass

import msgspec
from faust.types import TP

from retail.errors import EventRefused
from retail.events import Channel, Event, decode_event, encode_event
from retail.rejects import Rejected, encode_rejected
from retail.wire import refine
from streams.faults import Point, reach
from streams.meters import Meters
from streams.origin import origin_header
from streams.patience import publish_patiently, steadily, tell
from streams.records import Fetched, Progress
from streams.topics import APP, CUSTOMER_EVENTS, DELIVERIES, REJECTED, SERVICE, STORE, WEB
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record

CHANNEL_OF = {
    WEB.name: Channel.WEB,
    APP.name: Channel.APP,
    STORE.name: Channel.STORE,
    SERVICE.name: Channel.SERVICE,
}

LARGEST_DELIVERY = 32 * 1024
"""Bytes of a delivery report; ours have some hundreds, and anybody may write to a topic."""


@dataclass(frozen=True)
class Identify:
    """partitions: of `customer-events`."""

    publisher: Publisher
    progress: Progress
    meters: Meters
    partitions: int

    async def run(self, stream: AsyncIterable[Fetched]) -> None:
        async for fetched in stream:
            await steadily("identify", self.apply, fetched)

    async def apply(self, fetched: Fetched) -> None:
        records = [
            self.outgoing(partition, record.offset, record.value, record.timestamp)
            for partition, batch in fetched.partitions.items()
            for record in batch
        ]
        reach(Point.IDENTIFY_BEFORE_PUBLISH)
        await publish_patiently("identify", self.publisher, records)
        reach(Point.IDENTIFY_BEFORE_PROGRESS)
        for partition, batch in fetched.partitions.items():
            self.progress.advance(partition, batch[-1].offset + 1)
        self.meters.identified(len(records))

    def outgoing(self, partition: TP, offset: int, value: bytes | None, received: int) -> Record:
        """The record that a source record becomes: an event of its customer, or a reject."""
        raw = value or b""
        try:
            event = read_source(partition.topic, raw, received)
        except EventRefused as fault:
            return self._rejected(partition, offset, raw, fault.code, str(fault))
        except msgspec.DecodeError as fault:
            return self._rejected(partition, offset, raw, "malformed_event", str(fault))
        except Exception as fault:  # noqa: BLE001 - one record that we cannot read must not hold up all behind it
            tell("refine", fault)
            return self._rejected(partition, offset, raw, "internal_fault", type(fault).__name__)
        return Record(
            topic=CUSTOMER_EVENTS.name,
            key=event.customer.encode(),
            value=encode_event(event),
            headers=(origin_header(partition.topic, partition.partition, offset),),
            partition=partition_of(event.customer, self.partitions),
            timestamp=received,
        )

    def _rejected(self, partition: TP, offset: int, raw: bytes, reason: str, message: str) -> Record:
        self.meters.rejected(partition.topic, partition.partition, reason)
        source = f"{partition.topic}/{partition.partition}/{offset}"
        rejected = Rejected.of(raw, source=source, reason=reason, message=message)
        return Record(topic=REJECTED.name, key=source.encode(), value=encode_rejected(rejected))


def read_source(topic: str, raw: bytes, received: int) -> Event:
    """received: the record's own time, milliseconds. Raises EventRefused, msgspec.DecodeError."""
    if topic == DELIVERIES.name:
        if len(raw) > LARGEST_DELIVERY:
            raise EventRefused("event_too_large", f"a delivery report has {len(raw)} bytes, at most {LARGEST_DELIVERY}")
        return decode_event(raw)
    return refine(raw, CHANNEL_OF[topic], received)
