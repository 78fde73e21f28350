"""What the system told: every record of its output topics, counted by its bytes."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import msgspec

from retail.decisions import decode_decision
from retail.rejects import decode_rejected
from retail.slates import decode_slate
from streams.topics import IDENTITIES, JOURNEYS, PROMOTIONS, RECOMMENDATIONS, REJECTED
from tests.chaos.log import Seen

OUTPUTS = tuple(topic.name for topic in (PROMOTIONS, JOURNEYS, IDENTITIES, REJECTED, RECOMMENDATIONS))


@dataclass
class Told:
    """What the output topics say. decisions, changes, notes: id and bytes. rejects: reason and bytes by source.

    slates: the newest version by customer. unreadable: what is among the decisions and is none.
    """

    decisions: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    changes: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    notes: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    rejects: dict[str, set[tuple[str, bytes]]] = field(default_factory=lambda: defaultdict(set))
    reject_records: int = 0
    slates: dict[str, int] = field(default_factory=dict)
    unreadable: set[bytes] = field(default_factory=set)

    def see(self, record: Seen) -> None:
        value = record.value or b""
        if record.topic == PROMOTIONS.name:
            self._decided(value)
        elif record.topic == JOURNEYS.name:
            self.changes[msgspec.json.decode(value)["id"], value] += 1
        elif record.topic == IDENTITIES.name:
            self.notes[msgspec.json.decode(value)["id"], value] += 1
        elif record.topic == REJECTED.name:
            rejected = decode_rejected(value)
            if not rejected.source.startswith("http"):
                self.reject_records += 1
                self.rejects[rejected.source].add((rejected.reason, rejected.raw_bytes()))
        else:
            slate = decode_slate(value)
            self.slates[slate.customer] = max(slate.version, self.slates.get(slate.customer, 0))

    def _decided(self, value: bytes) -> None:
        try:
            self.decisions[decode_decision(value).id, value] += 1
        except msgspec.DecodeError:
            self.unreadable.add(value)
