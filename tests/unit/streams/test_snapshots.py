"""Snapshots as arithmetic: whatever moment each state is of, with the log from the marker on it comes to the same."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from retail.customers import CustomerState, decode_state
from retail.policy import JourneyPolicy
from retail.reference import Reference
from streams.microbatch import MicroBatch, World, fold, read_batch, to_commit
from streams.snapshots import ChangedCustomers, decode_marker, marker_record, restored_mark
from streams.state import Commit, Ledger, Outgoing
from streams.topics import WEB
from tests.unit.streams.test_microbatch import Stored, added, stored, viewed

PARTITION = 3

FORGETFUL = World(Reference(), journey=JourneyPolicy(message_limit=2))
"""Customers remember so few message ids that an event applied again would not be recognised by its own."""

Sent = list[tuple[str, int]]
"""Customer and message, of an event each; a message may come again."""


def log_of(sent: Sent) -> list[Stored]:
    return stored(*(added(f"m{m}", who) if m % 3 else viewed(f"m{m}", who) for who, m in sent))


def folded(records: list[Stored], ledger: Ledger, states: dict[str, CustomerState]) -> MicroBatch:
    batch = read_batch(PARTITION, ledger, records)
    batch.states.update(states)
    fold(batch, FORGETFUL)
    return batch


def until(records: list[Stored], offset: int) -> MicroBatch:
    """As it stood when the ledger was at the offset."""
    if offset:
        return folded(records[:offset], Ledger(), {})
    return MicroBatch(PARTITION, Ledger(), 0, {})


def through_redis(batch: MicroBatch) -> dict[str, CustomerState]:
    return {customer: decode_state(blob) for customer, blob in to_commit(batch, {}).states.items()}


@given(
    sent=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=40),
    marker=st.integers(0, 40),
    moments=st.fixed_dictionaries({who: st.integers(0, 40) for who in "abc"}),
    cut=st.integers(1, 12),
)
def test_any_fuzzy_snapshot_and_the_log_behind_it_come_to_the_same(
    sent: Sent, marker: int, moments: dict[str, int], cut: int
) -> None:
    records = log_of(sent)
    whole = until(records, len(records))
    marker = min(marker, len(records))
    states: dict[str, CustomerState] = {}
    said: list[Outgoing] = []
    for who, moment in moments.items():
        then = until(records, min(max(marker, moment), len(records)))
        if (state := through_redis(then).get(who)) is not None:
            states[who] = state
        said += [outgoing for outgoing in then.outgoing if outgoing.key == who.encode()]
    applied = max(state.applied for state in (*states.values(), NOBODY))
    marks = {**until(records, marker).marks, restored_mark(PARTITION): applied}

    ledger = Ledger(marker, marks)
    while ledger.next < len(records):
        batch = folded(records[ledger.next : ledger.next + cut], ledger, states)
        states |= through_redis(batch)
        said += batch.outgoing
        ledger = Ledger(batch.next, batch.marks)

    assert states == whole.states
    assert sorted(map(repr, said)) == sorted(map(repr, whole.outgoing))


NOBODY = CustomerState()


def test_a_state_knows_the_offset_of_its_newest_event() -> None:
    batch = until(log_of([("a", 1), ("b", 2), ("a", 4), ("a", 4)]), 4)
    assert {who: state.applied for who, state in batch.states.items()} == {"a": 2, "b": 1}


def test_without_a_restore_a_state_of_a_former_log_holds_nothing_back() -> None:
    records = log_of([("a", 1)])
    batch = folded(records, Ledger(), {"a": CustomerState(applied=5_000)})
    assert (batch.counts["applied"], batch.states["a"].applied) == (1, 0)


def test_a_marker_brings_back_the_ledger() -> None:
    ledger = Ledger(700, {(WEB.name, 2): 41, ("deliveries", 0): 7})
    marker = decode_marker(marker_record(ledger, "xyz").value or b"")
    assert (marker.ledger(), marker.incarnation) == (ledger, "xyz")


@dataclass
class Changes:
    """Commits of one partition, one after the other."""

    collected: ChangedCustomers
    next: int = 0

    def commit(self, *customers: str, first: int | None = None) -> None:
        first = self.next if first is None else first
        self.next = first + 10
        self.collected.committed(Commit(PARTITION, first, self.next, {}, dict.fromkeys(customers, b""), {}))


def test_who_changed_is_known_from_our_first_commit_on() -> None:
    changes = Changes(ChangedCustomers(), next=50)
    changes.commit("ana", "bea")
    changes.commit("ana", "cleo")
    taken = changes.collected.take(PARTITION, 70)
    assert (taken.since, taken.customers) == (50, {"ana", "bea", "cleo"})
    assert changes.collected.take(PARTITION, 70).customers == set()


def test_after_a_gap_between_our_commits_the_log_must_be_asked() -> None:
    changes = Changes(ChangedCustomers())
    changes.commit("ana")
    changes.commit("bea", first=500)
    taken = changes.collected.take(PARTITION, 510)
    assert (taken.since, taken.customers) == (500, {"bea"})
    changes.commit("cleo")
    assert changes.collected.take(PARTITION, 9_999).since == 9_999


def test_of_too_many_changed_customers_the_log_must_be_asked() -> None:
    changes = Changes(ChangedCustomers(limit=2))
    changes.commit("ana", "bea")
    changes.commit("cleo")
    taken = changes.collected.take(PARTITION, 20)
    assert (taken.since, taken.customers) == (10, {"cleo"})
