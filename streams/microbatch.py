"""One partition's micro-batch, folded: records and states in, one commit with all its effects out.

Pure: no clock, no network. The agent around it (`streams.journey`) loads, commits and repairs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from msgspec.structs import force_setattr

from recommender.policy import GatePolicy
from recommender.promote import PromotionQuery, postponed_until, promote
from retail.correspondence import LETTERS, EventForwarded
from retail.crossing import Around, cross, crosses, is_alias, is_customer
from retail.customers import EMPTY, CustomerState, encode_state
from retail.decisions import Push, encode_decision
from retail.events import Event, TimerFired, decode_event, encode_event
from retail.journey import Advanced, StageChange, advance, remember, remind_at
from retail.links import LinkPolicy
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.rejects import Rejected, encode_rejected
from retail.timers import earliest
from streams.letters import outgoing
from streams.origin import read_also, read_origin, read_replay
from streams.snapshots import restored_mark
from streams.state import Commit, Ledger, Outgoing, Source
from streams.topics import CUSTOMER_EVENTS, JOURNEYS, OUTCOMES, PROMOTIONS, RECOMMENDATIONS, REJECTED
from streams.topics.records import Headers

_changes = msgspec.json.Encoder()

_OUTCOMES = {**dict.fromkeys(LETTERS, "letter"), EventForwarded: "forwarded", TimerFired: "timer"}
"""What an event that came to something is counted as; of any other kind `applied`."""


class Record(Protocol):
    """What is used of a Kafka record."""

    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(frozen=True)
class World:
    """What a decision depends on beside state and event."""

    reference: Reference
    journey: JourneyPolicy = field(default_factory=JourneyPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
    links: LinkPolicy = field(default_factory=LinkPolicy)

    @property
    def around(self) -> Around:
        return Around(self.reference, self.journey, self.links)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A record that could be read. also: the profiles of the weaker identifiers that it names."""

    offset: int
    event: Event
    also: tuple[str, ...] = ()


@dataclass
class MicroBatch:
    """A micro-batch of one partition while it is folded.

    marks: as the ledger has them, and moved on. moved: those alone, of hundreds with many partitions. arrivals: what is
    to be applied, in order. states: of the customers concerned, growing newer with each event. changed: customers whose
    state moved, in order of first change. counts: what happened, for the metrics. refused: customers none of whose
    events can be applied here, and why. restored: the highest offset that a state may hold already, because it was
    restored from a snapshot; -1 where none was. replays: by offset, the first place of a reject that was put back.
    timed: customers whose timers moved, or fired without effect: what of them is due must be noted anew. aliases: whose
    states changed as parts of customers, or as groups: written, but no slate is made of them.
    """

    partition: int
    ledger: Ledger
    next: int
    marks: dict[Source, int]
    moved: dict[Source, int] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    states: dict[str, CustomerState] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    restored: int = -1
    replays: dict[int, str] = field(default_factory=dict)
    timed: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    outgoing: list[Outgoing] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_batch(partition: int, ledger: Ledger, records: Sequence[Record]) -> MicroBatch:
    """Decodes what the ledger has not seen; the rest is counted as duplicate or rejected."""
    batch = MicroBatch(partition, ledger, records[-1].offset + 1, dict(ledger.marks))
    batch.restored = ledger.marks.get(restored_mark(partition), -1)
    for record in records:
        if record.offset < ledger.next:
            batch.counts["redelivered"] += 1
            continue
        try:
            _read(batch, record)
        except Exception as fault:  # noqa: BLE001 - one record that we cannot read must not hold up all behind it
            became = _reject(batch, record.offset, record.value, "internal_fault", type(fault).__name__)
            batch.counts[became] += 1
    return batch


def _read(batch: MicroBatch, record: Record) -> None:
    headers = record.headers
    origin = read_origin(headers)
    if origin is None:
        batch.counts[_reject(batch, record.offset, record.value, "missing_origin")] += 1
        return
    source = origin.source
    if source is not None:
        if origin.offset <= batch.marks.get(source, -1):
            batch.counts["produced_twice"] += 1
            return
        batch.marks[source] = batch.moved[source] = origin.offset
    elif replay := read_replay(headers):
        batch.replays[record.offset] = replay.source
    try:
        also = read_also(headers) if len(headers) > 1 else ()
        batch.arrivals.append(Arrival(record.offset, decode_event(record.value or b""), also))
    except msgspec.DecodeError as fault:
        batch.counts[_reject(batch, record.offset, record.value, "malformed_event", str(fault))] += 1


def customers_of(batch: MicroBatch) -> list[str]:
    """Each customer once, in order of first arrival."""
    return list(dict.fromkeys([arrival.event.customer for arrival in batch.arrivals]))


def fold(batch: MicroBatch, world: World) -> None:
    """Applies every arrival, in order, and decides on each occasion that arises."""
    became: list[str] = []
    for arrival in batch.arrivals:
        try:
            became.append(_fold(batch, arrival, world))
        except Exception as fault:  # noqa: BLE001 - one event that we cannot fold must not hold up all behind it
            became.append(_refuse(batch, arrival, "internal_fault", type(fault).__name__))
    batch.counts.update(became)


def _fold(batch: MicroBatch, arrival: Arrival, world: World) -> str:
    """What became of the arrival, as it is counted."""
    event = arrival.event
    customer = event.customer
    if type(event) is TimerFired:
        batch.timed.add(customer)
    if batch.refused and customer in batch.refused:
        return _refuse(batch, arrival, batch.refused[customer])
    state = batch.states.get(customer, EMPTY)
    if arrival.offset <= batch.restored and arrival.offset <= state.applied:
        return "already_applied"
    if crosses(state, event, arrival.also):
        advanced = _cross(batch, arrival, state, world)
        state = batch.states.get(customer, EMPTY)
    else:
        advanced = advance(state, event, world.reference, world.journey)
    return _settle(batch, arrival, state, advanced, world)


def _cross(batch: MicroBatch, arrival: Arrival, state: CustomerState, world: World) -> Advanced:
    """As `advance`, where more than one profile is concerned. What changed is kept, also where the event is refused."""
    crossed = cross(state, arrival.event, arrival.also, world.around)
    after = crossed.advanced.state
    batch.outgoing += outgoing(crossed, batch.partition, arrival.offset)
    if after is not state:
        _keep(batch, arrival, after)
    if after.timers is not state.timers or is_alias(after) is not is_alias(state):
        batch.timed.add(arrival.event.customer)
    return crossed.advanced


def _settle(batch: MicroBatch, arrival: Arrival, before: CustomerState, advanced: Advanced, world: World) -> str:
    """before: the state that the batch holds. Returns what became of the arrival."""
    event, state = arrival.event, advanced.state
    if advanced.rejected:
        return _refuse(batch, arrival, advanced.rejected)
    if advanced.duplicate:
        return "duplicate"
    if state.timers is not before.timers:
        batch.timed.add(event.customer)
    if advanced.occasion is not None:
        query = PromotionQuery(customer=event.customer, state=state, occasion=advanced.occasion)
        state = _decide(batch, query, world)
    if advanced.forgotten:
        batch.counts["forgotten"] += advanced.forgotten
    if advanced.change is not None:
        batch.outgoing.append(_stage_record(advanced.change))
    for outcome in advanced.outcomes:
        batch.counts[f"outcome_{outcome.kind}"] += 1
        batch.outgoing.append(Outgoing(OUTCOMES.name, event.customer.encode(), _changes.encode(outcome)))
    _keep(batch, arrival, state)
    return _OUTCOMES.get(type(event), "applied")


def _keep(batch: MicroBatch, arrival: Arrival, state: CustomerState) -> None:
    event = arrival.event
    customer = event.customer
    # The state is new and nobody else's yet; copying its fields once more would cost as much as a fold.
    force_setattr(state, "applied", arrival.offset)
    batch.states[customer] = state
    if not is_customer(state):
        batch.aliases.add(customer)
        batch.changed.pop(customer, None)
        return
    batch.changed[customer] = max(batch.changed.get(customer, 0), event.at)


def _decide(batch: MicroBatch, query: PromotionQuery, world: World) -> CustomerState:
    """The state after the decision; what waits for the end of the quiet hours is no decision yet."""
    later = postponed_until(query, world.reference, world.gate)
    if later:
        batch.counts["postponed"] += 1
        return remind_at(query.state, later)
    decision = promote(query, world.reference, world.gate)
    batch.counts["push" if isinstance(decision, Push) else f"withheld_{decision.reason}"] += 1
    batch.outgoing.append(Outgoing(PROMOTIONS.name, decision.customer.encode(), encode_decision(decision)))
    return remember(query.state, decision, world.journey)


def _stage_record(change: StageChange) -> Outgoing:
    return Outgoing(JOURNEYS.name, change.customer.encode(), _changes.encode(change))


def _refuse(batch: MicroBatch, arrival: Arrival, code: str, message: str = "") -> str:
    return _reject(batch, arrival.offset, encode_event(arrival.event), code, message)


def _reject(batch: MicroBatch, offset: int, raw: bytes | None, code: str, message: str = "") -> str:
    """Returns what became of the record, as it is counted."""
    source = batch.replays.get(offset) or f"{CUSTOMER_EVENTS.name}/{batch.partition}/{offset}"
    rejected = Rejected.of(raw or b"", source=source, reason=code, message=message)
    batch.outgoing.append(Outgoing(REJECTED.name, source.encode(), encode_rejected(rejected)))
    return f"rejected_{code}"


def to_commit(batch: MicroBatch, slates: Mapping[str, bytes]) -> Commit:
    """slates: of the changed customers, encoded; empty where slates are shed."""
    aliases = dict.fromkeys(sorted(batch.aliases))
    names = [Outgoing(RECOMMENDATIONS.name, customer.encode(), None) for customer in slates]
    return Commit(
        partition=batch.partition,
        first=batch.ledger.next,
        next=max(batch.next, batch.ledger.next),
        marks=batch.moved,
        states={customer: encode_state(batch.states[customer]) for customer in {**batch.changed, **aliases}},
        slates=slates,
        outgoing=[*batch.outgoing, *names],
        due={customer: _due(batch.states.get(customer, EMPTY)) for customer in batch.timed},
    )


def _due(state: CustomerState) -> int:
    """Silence of an alias is its customer's to notice."""
    return 0 if is_alias(state) else earliest(state.timers)
