"""From raw events to Kafka: each goes to its channel's topic, or to `events.rejected` with the reason."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Raw

from gateway.complaints import COMPLAINTS
from gateway.envelopes import Batch, Shared, complete
from gateway.errors import Refused, unavailable
from gateway.meters import Meters
from gateway.ports import Publishing
from gateway.rights import Scope
from retail.errors import EventRefused
from retail.events import Channel
from retail.rejects import Rejected, encode_rejected
from streams.topics import APP, REJECTED, SERVICE, STORE, WEB
from streams.topics.publisher import PublishFailed, Record, RecordTooLarge

TOPIC_OF: Mapping[Channel, str] = {
    Channel.WEB: WEB.name,
    Channel.APP: APP.name,
    Channel.STORE: STORE.name,
    Channel.SERVICE: SERVICE.name,
}

CHANNEL_OF: Mapping[Scope, Channel] = {
    Scope.SITE: Channel.WEB,
    Scope.APP: Channel.APP,
    Scope.STORE: Channel.STORE,
    Scope.ADMIN: Channel.SERVICE,
}
"""The channel that a key's events belong to, unless it may choose and does."""

STRETCH = 200
"""Events handled without a break, some 6 µs each; then other requests get their turn."""


class Entry(NamedTuple):
    """How a batch came in. source: the route, as told in rejects. sender: the key's id. received: milliseconds."""

    channel: Channel
    source: str
    sender: str
    received: int


class Refusal(NamedTuple):
    code: str
    message: str


class Sorted(NamedTuple):
    """records: all that is to be written, rejects among them. refusals: why, in the events' order."""

    records: list[Record]
    refusals: list[Refusal]


@dataclass(frozen=True)
class Intake:
    """event_limit, total_limit: bytes of one event and of all events of a batch, completed. deadline: seconds."""

    publisher: Publishing
    meters: Meters
    event_limit: int
    total_limit: int
    deadline: float

    async def take(self, batch: Batch, entry: Entry) -> list[Refusal]:
        """Returns once all is acknowledged: the refusals, which are in `events.rejected`. Raises Refused (413, 503)."""
        records: list[Record] = []
        refusals: list[Refusal] = []
        room = self.total_limit
        for start in range(0, len(batch.events), STRETCH):
            if start:
                await asyncio.sleep(0)
            some, refused = self._sorted(batch, batch.events[start : start + STRETCH], entry)
            room -= sum(len(record.value or b"") for record in some)
            if room < 0:
                raise Refused(413, "batch_too_large", "The batch's context, copied into each event, is too large.")
            records += some
            refusals += refused
        await self._publish(records)
        self.meters.accepted(entry.channel, len(records) - len(refusals))
        for refusal in refusals:
            self.meters.rejected(refusal.code)
        return refusals

    def _sorted(self, batch: Batch, events: Sequence[bytes | Raw], entry: Entry) -> Sorted:
        out = Sorted([], [])
        topic = TOPIC_OF[entry.channel]
        for event in events:
            raw = bytes(event)
            try:
                told = [self._record(one, batch.shared, topic, entry.received) for one in batch.read(raw)]
                out.records.extend(told)
            except EventRefused as fault:
                out.refusals.append(Refusal(fault.code, str(fault)))
                out.records.append(self._reject(raw, out.refusals[-1], entry))
        return out

    def _record(self, raw: bytes, shared: Shared, topic: str, received: int) -> Record:
        key, value = complete(raw, shared, received)
        if len(value) > self.event_limit:
            raise EventRefused("event_too_large", f"an event may be {self.event_limit} bytes, this has {len(value)}")
        return Record(topic, key, value, timestamp=received)

    def _reject(self, raw: bytes, refusal: Refusal, entry: Entry) -> Record:
        """What is larger than any event is kept from its beginning; the message then says how long it was."""
        rejected = Rejected(
            raw=b64encode(raw[: self.event_limit]).decode(),
            source=entry.source,
            reason=refusal.code,
            message=refusal.message,
            at=entry.received,
            sender=entry.sender,
        )
        return Record(REJECTED.name, entry.source.encode(), encode_rejected(rejected), timestamp=entry.received)

    async def _publish(self, records: Sequence[Record]) -> None:
        try:
            await self.publisher.publish(records, self.deadline)
        except PublishFailed as fault:
            # The message goes to whoever has a site's key: our own addresses are for /readyz and the log.
            COMPLAINTS.tell("events are not stored, their senders are told to send them again", fault)
            message = "The events are not stored, since Kafka did not take them in time: send them again."
            raise unavailable("kafka_unavailable", message) from fault
        except RecordTooLarge as fault:
            raise Refused(413, "event_too_large", f"{fault}.") from fault


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
