"""What must have come of everything in the topics: recomputed in plain Python by the pure folds, one record at a time.

Nothing is taken from the system's word but the order of `customer-events`, which is a fact of that log; whether each
of its records is what its source says, in order, once, is found out here.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from recommender.promote import PromotionQuery, postponed_until, promote
from retail.crossing import cross, crosses
from retail.customers import EMPTY, CustomerState
from retail.decisions import Push, encode_decision
from retail.errors import EventRefused
from retail.events import Event, TimerFired, decode_event, encode_event
from retail.journey import Advanced, advance, remember, remind_at
from streams.identify import read_source
from streams.letters import outgoing
from streams.microbatch import World
from streams.origin import read_also, read_origin, read_replay
from streams.state import Outgoing
from streams.topics import CUSTOMER_EVENTS, DELIVERIES, IDENTITIES, SOURCES
from streams.topics.partitions import partition_of
from tests.chaos.log import Seen

Place = tuple[str, int, int]
"""Topic, partition, offset."""

EXAMPLES = 5
"""Of each kind of trouble that are told."""


@dataclass
class Troubles:
    """What is wrong, by kind, with a few examples."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, example: object, times: int = 1) -> None:
        self.counts[kind] += times
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(str(example))


@dataclass
class Sources:
    """The channel topics and `deliveries`, read as `identify` must read them.

    expected: what each place must become in `customer-events`: message id, customer, fingerprint of the bytes and of
    the other identifiers.
    rejects: by name of the place, the reason and the bytes. reports: ids of delivery reports, by customer.
    """

    expected: dict[Place, tuple[str, str, int]] = field(default_factory=dict)
    rejects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    reports: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    order: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def see(self, record: Seen) -> None:
        replay = read_replay(record.headers)
        received = replay.received if replay else record.timestamp
        raw = record.value or b""
        try:
            event, also = read_source(record.topic, raw, received, replay)
        except (EventRefused, msgspec.DecodeError) as fault:
            name = replay.source if replay else f"{record.topic}/{record.partition}/{record.offset}"
            self.rejects[name] = getattr(fault, "code", "malformed_event"), raw
            return
        place = record.topic, record.partition, record.offset
        self.expected[place] = event.id, event.customer, hash((encode_event(event), tuple(also)))
        self.order[event.customer, record.topic].append(event.id)
        if record.topic == DELIVERIES.name:
            self.reports[event.customer].add(event.id)


@dataclass
class Letters:
    """What profiles must have told each other, and what was told: the partition and a fingerprint, by origin."""

    expected: dict[Place, tuple[int, int]] = field(default_factory=dict)
    found: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def must_come(self, letter: Outgoing, partition: int) -> None:
        self.expected[_origin(letter)] = partition, hash(letter.value)

    def troubles(self) -> Iterator[tuple[str, str]]:
        """Kind and example of each. Which record gave rise to a letter may be seen after it, so this is for the end."""
        for place, told in self.expected.items():
            if place not in self.found:
                yield "lost", f"the letter {_name(place)} is not in {CUSTOMER_EVENTS.name}"
            elif self.found[place] != told:
                yield "altered", f"the letter {_name(place)}"
        for place in self.found.keys() - self.expected.keys():
            yield "invented", f"the letter {_name(place)}"


@dataclass
class Oracle:
    """Folds `customer-events`. partitions: of the customers.

    states: by customer. decisions, changes: ids with their bytes; more than one of an id where an occasion came again.
    notes: who was found to be whom, likewise. pushes: decisions to push, by customer. rejects: as of the sources.
    counts: of records, by what became of them. ends: after the last record, by partition.
    """

    world: World
    sources: Sources
    partitions: int
    troubles: Troubles = field(default_factory=Troubles)
    states: dict[str, CustomerState] = field(default_factory=dict)
    decisions: set[tuple[str, bytes]] = field(default_factory=set)
    changes: set[tuple[str, bytes]] = field(default_factory=set)
    notes: set[tuple[str, bytes]] = field(default_factory=set)
    pushes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rejects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    ends: dict[int, int] = field(default_factory=dict)
    _letters: Letters = field(default_factory=Letters)
    _seen: set[Place] = field(default_factory=set)
    _marks: dict[tuple[int, str, int], int] = field(default_factory=dict)

    def see(self, record: Seen) -> None:
        """The next record of a partition of `customer-events`."""
        self.ends[record.partition] = record.offset + 1
        origin = read_origin(record.headers)
        if origin is None:
            self._reject(record, record.value or b"", "missing_origin")
            return
        if origin.source is not None and not self._is_new(record, (*origin.source, origin.offset)):
            return
        try:
            event = decode_event(record.value or b"")
        except msgspec.DecodeError:
            self._reject(record, record.value or b"", "malformed_event")
            return
        if origin.source is None and read_replay(record.headers) is None and not isinstance(event, TimerFired):
            self.troubles.add("invented", f"{event} comes from nowhere")
        self._fold(record, event)

    def finish(self) -> None:
        """Tells what never came."""
        for place in self.sources.expected.keys() - self._seen:
            self.troubles.add("lost", f"{_name(place)} is not in {CUSTOMER_EVENTS.name}")
        for kind, example in self._letters.troubles():
            self.troubles.add(kind, example)

    def _is_new(self, record: Seen, place: Place) -> bool:
        """False for what was produced twice; tells of what the source does not say."""
        topic, partition, offset = place
        lane = record.partition, topic, partition
        if place in self._seen:
            self.counts["produced twice"] += 1
            return False
        self._seen.add(place)
        if offset <= self._marks.get(lane, -1):
            self.troubles.add("lost", f"{_name(place)} came after later ones of its source")
            return False
        self._marks[lane] = offset
        if topic == CUSTOMER_EVENTS.name:
            self._letters.found[place] = record.partition, hash(record.value)
            return True
        expected = self.sources.expected.get(place)
        if expected is None:
            self.troubles.add("invented", f"{_name(place)} gave rise to no event")
        elif expected[2] != hash((record.value, read_also(record.headers))):
            self.troubles.add("altered", _name(place))
        elif partition_of(expected[1], self.partitions) != record.partition:
            self.troubles.add("misplaced", _name(place))
        return True

    def _fold(self, record: Seen, event: Event) -> None:
        state = self.states.get(event.customer, EMPTY)
        also = read_also(record.headers)
        if crosses(state, event, also):
            advanced = self._cross(record, state, event, also)
        else:
            advanced = advance(state, event, self.world.reference, self.world.journey)
        if advanced.rejected:
            self._reject(record, msgspec.json.encode(event), advanced.rejected)
        elif advanced.duplicate:
            self.counts["duplicates"] += 1
        else:
            self.counts["timers" if isinstance(event, TimerFired) else "applied"] += 1
            self._apply(record, event, advanced)

    def _cross(self, record: Seen, state: CustomerState, event: Event, also: tuple[str, ...]) -> Advanced:
        """What changed is kept, also where the event itself is refused."""
        crossed = cross(state, event, also, self.world.around)
        if crossed.advanced.state is not state:
            self._keep(record, event, crossed.advanced.state)
        for told in outgoing(crossed, record.partition, record.offset):
            if told.topic == IDENTITIES.name:
                self.notes.add((msgspec.json.decode(told.value or b"")["id"], told.value or b""))
            else:
                self.counts["letters"] += 1
                self._letters.must_come(told, partition_of(told.key, self.partitions))
        return crossed.advanced

    def _keep(self, record: Seen, event: Event, state: CustomerState) -> None:
        self.states[event.customer] = msgspec.structs.replace(state, applied=record.offset)

    def _apply(self, record: Seen, event: Event, advanced: Advanced) -> None:
        state = advanced.state
        if advanced.occasion is not None:
            state = self._decide(PromotionQuery(customer=event.customer, state=state, occasion=advanced.occasion))
        if advanced.change is not None:
            self.changes.add((advanced.change.id, msgspec.json.encode(advanced.change)))
        self._keep(record, event, state)

    def _decide(self, query: PromotionQuery) -> CustomerState:
        later = postponed_until(query, self.world.reference, self.world.gate)
        if later:
            return remind_at(query.state, later)
        decision = promote(query, self.world.reference, self.world.gate)
        self.decisions.add((decision.id, encode_decision(decision)))
        if isinstance(decision, Push):
            self.pushes[query.customer].add(decision.id)
        return remember(query.state, decision, self.world.journey)

    def _reject(self, record: Seen, raw: bytes, reason: str) -> None:
        replay = read_replay(record.headers)
        name = replay.source if replay else f"{record.topic}/{record.partition}/{record.offset}"
        self.rejects[name] = reason, raw


def recomputed(scan: Callable[[Callable[[Seen], None], tuple[str, ...]], None], oracle: Oracle) -> Oracle:
    """scan: shows all records of some topics."""
    scan(oracle.sources.see, tuple(topic.name for topic in SOURCES))
    scan(oracle.see, (CUSTOMER_EVENTS.name,))
    oracle.finish()
    return oracle


def _origin(letter: Outgoing) -> Place:
    origin = read_origin(letter.headers)
    assert origin is not None
    assert origin.source is not None
    return (*origin.source, origin.offset)


def _name(place: Place) -> str:
    return "/".join(map(str, place))
