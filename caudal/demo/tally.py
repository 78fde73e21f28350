"""What came out of the system, counted from its topics: slates, pushes, withheld, rejects, what became of pushes."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from kafka import KafkaConsumer, TopicPartition

from retail.decisions import Withheld, decode_decision
from retail.events import DeliveryReported, DeliveryStatus, decode_event
from retail.rejects import decode_rejected
from streams.settings import Settings
from streams.topics import DELIVERIES, PROMOTIONS, RECOMMENDATIONS, REJECTED

POLL_MS = 100
"""Milliseconds to wait for a fetch."""


class Sender(msgspec.Struct, frozen=True, rename="camel"):
    """What a rejected event still tells of its sender, raw (camel case) or already refined."""

    message_id: str = ""
    user_id: str = ""
    id: str = ""
    customer: str = ""


@dataclass
class Tally:
    """reports: per customer, ids of the delivery reports, which come back as events. rejected: likewise, message ids.

    Each decision counts once, however often it was written.
    """

    pushes: set[str] = field(default_factory=set)
    withheld: dict[str, str] = field(default_factory=dict)
    reports: dict[str, set[str]] = field(default_factory=dict)
    rejected: dict[str, set[str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    def read(self, topic: str, value: bytes) -> None:
        """One record of one of the topics."""
        READERS[topic](self, value)

    def decided(self, value: bytes) -> None:
        decision = decode_decision(value)
        if isinstance(decision, Withheld):
            self.withheld[decision.id] = decision.reason

    def delivered(self, value: bytes) -> None:
        report = decode_event(value)
        if not isinstance(report, DeliveryReported):
            return
        self.reports.setdefault(report.customer, set()).add(report.id)
        if report.status is DeliveryStatus.SENT:
            self.pushes.add(report.decision)
        elif report.status is DeliveryStatus.WITHHELD:
            self.withheld[report.decision] = report.reason

    def refused(self, value: bytes) -> None:
        reject = decode_rejected(value)
        self.reasons[reject.reason] += 1
        try:
            sender = msgspec.json.decode(reject.raw_bytes(), type=Sender)
        except msgspec.DecodeError:
            return
        ids = self.rejected.setdefault(sender.user_id or sender.customer, set())
        ids.add(sender.message_id or sender.id)

    @property
    def withheld_by_reason(self) -> dict[str, int]:
        return dict(Counter(self.withheld.values()).most_common())


READERS: dict[str, Callable[[Tally, bytes], None]] = {
    PROMOTIONS.name: Tally.decided,
    DELIVERIES.name: Tally.delivered,
    REJECTED.name: Tally.refused,
}


class Ear:
    """Listens to the topics from the moment it is made. Its calls block; one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self.tally = Tally()
        self._consumer = KafkaConsumer(bootstrap_servers=settings.broker.split(","), enable_auto_commit=False)
        self._slates = self._partitions([RECOMMENDATIONS.name])
        heard = self._partitions(READERS)
        self._consumer.assign(heard)
        for partition, end in self._consumer.end_offsets(heard).items():
            self._consumer.seek(partition, end)
        self._slates_before = self._ends()

    def listen(self) -> int:
        """Counts what is there now, without waiting for more; how many records that were."""
        fetched = self._consumer.poll(timeout_ms=POLL_MS)
        records = [record for page in fetched.values() for record in page]
        for record in records:
            self.tally.read(record.topic, record.value or b"")
        return len(records)

    def slates(self) -> int:
        """Slates written since the beginning."""
        return self._ends() - self._slates_before

    def close(self) -> None:
        self._consumer.close()

    def _ends(self) -> int:
        return sum(self._consumer.end_offsets(self._slates).values())

    def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]
