"""A town without servers: partitions of `customer-events` in memory, folded by the real micro-batch, letters and all.

What a crash does is done here at will: a micro-batch's letters may arrive late, and any of them again.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from retail.crossing import is_customer
from retail.customers import EMPTY, CustomerState, decode_state
from retail.events import Event, encode_event
from retail.letters import Note
from streams.microbatch import World, customers_of, fold, read_batch, to_commit
from streams.origin import also_header, origin_header, unmarked_header
from streams.state import Ledger, Outgoing
from streams.topics import CUSTOMER_EVENTS, IDENTITIES, PROMOTIONS, WEB
from streams.topics.partitions import partition_of

PARTITIONS = 4

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Stored:
    offset: int
    value: bytes | None
    headers: Headers


@dataclass
class Partition:
    """waiting: per target partition, what the outbox holds for it, in order."""

    log: list[Stored] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    states: dict[str, bytes] = field(default_factory=dict)
    waiting: defaultdict[int, list[Outgoing]] = field(default_factory=lambda: defaultdict(list))

    def append(self, value: bytes, headers: Headers) -> None:
        self.log.append(Stored(len(self.log), value, headers))


@dataclass
class Town:
    """chaos: decides how the work is cut, who goes first, and what is relayed twice; None for plain order."""

    world: World
    chaos: random.Random | None = None
    partitions: list[Partition] = field(default_factory=lambda: [Partition() for _ in range(PARTITIONS)])
    told: list[Outgoing] = field(default_factory=list)
    applied: int = 0
    _sent: int = 0

    def send(self, event: Event, also: Sequence[str] = ()) -> None:
        """As `identify` would write it."""
        headers: Headers = (origin_header(WEB.name, 0, self._sent),)
        self._sent += 1
        self._append(event, (*headers, also_header(also)) if also else headers)

    def order(self, event: Event) -> None:
        """As the gateway would write what an operator orders."""
        self._append(event, (unmarked_header(),))

    def settle(self) -> None:
        """Until nothing is left to do."""
        while places := [place for place, one in enumerate(self.partitions) if self._is_busy(one)]:
            self.step(self.chaos.choice(places) if self.chaos else places[0])

    def step(self, place: int) -> None:
        partition = self.partitions[place]
        self._relay(partition)
        todo = partition.log[partition.ledger.next :]
        if todo:
            self._fold(place, todo[: self.chaos.randint(1, 4)] if self.chaos else todo)

    def state(self, profile: str) -> CustomerState:
        blob = self.partitions[partition_of(profile, PARTITIONS)].states.get(profile)
        return decode_state(blob) if blob else EMPTY

    def customer(self, profile: str) -> str:
        """Whose the profile is: its own, or its customer's."""
        identity = self.state(profile).identity
        return identity.root if identity is not None and identity.root else profile

    def customers(self) -> dict[str, CustomerState]:
        """Everybody who is no alias, and no group."""
        states = {name: decode_state(blob) for one in self.partitions for name, blob in one.states.items()}
        return {name: state for name, state in states.items() if is_customer(state)}

    def notes(self) -> list[Note]:
        return [msgspec.json.decode(o.value or b"", type=Note) for o in self.told if o.topic == IDENTITIES.name]

    def promotions(self) -> list[bytes]:
        return [o.value or b"" for o in self.told if o.topic == PROMOTIONS.name]

    def _append(self, event: Event, headers: Headers) -> None:
        self.partitions[partition_of(event.customer, PARTITIONS)].append(encode_event(event), headers)

    def _is_busy(self, partition: Partition) -> bool:
        return partition.ledger.next < len(partition.log) or any(partition.waiting.values())

    def _fold(self, place: int, records: Sequence[Stored]) -> None:
        partition = self.partitions[place]
        batch = read_batch(place, partition.ledger, records)
        blobs = {name: partition.states[name] for name in customers_of(batch) if name in partition.states}
        batch.states.update({name: decode_state(blob) for name, blob in blobs.items()})
        fold(batch, self.world)
        commit = to_commit(batch, {})
        assert batch.counts["rejected_internal_fault"] == 0
        partition.ledger = replace(partition.ledger, next=commit.next, marks=batch.marks)
        partition.states.update(commit.states)
        self.applied += batch.counts["applied"]
        for outgoing in commit.outgoing:
            self._post(partition, outgoing)

    def _post(self, partition: Partition, outgoing: Outgoing) -> None:
        if outgoing.topic == CUSTOMER_EVENTS.name:
            partition.waiting[partition_of(outgoing.key, PARTITIONS)].append(outgoing)
        else:
            self.told.append(outgoing)

    def _relay(self, partition: Partition) -> None:
        """In order per target. A relay that dies says again what it said last; targets do not wait for each other."""
        for target, letters in partition.waiting.items():
            count = self.chaos.randint(0, len(letters)) if self.chaos else len(letters)
            for letter in letters[:count]:
                self.partitions[target].append(letter.value or b"", letter.headers)
            again = self.chaos.randint(0, count) if self.chaos else count
            del letters[:again]


def live(town: Town, events: Iterable[tuple[Event, Sequence[str]]]) -> Town:
    """The town after the events, in this order, when all is quiet."""
    for event, also in events:
        town.send(event, also)
        if town.chaos is not None and town.chaos.random() < 0.5:
            town.step(town.chaos.randrange(PARTITIONS))
    town.settle()
    return town
