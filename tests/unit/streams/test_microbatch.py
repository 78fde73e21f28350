"""A micro-batch, folded without a broker: what is applied, what is not, and what leaves with the commit."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.customers import decode_state
from retail.events import Channel, Event, ProductAdded, ProductViewed, decode_event, encode_event
from retail.reference import Reference
from retail.rejects import decode_rejected
from streams import microbatch
from streams.microbatch import MicroBatch, World, customers_of, fold, read_batch, to_commit
from streams.origin import origin_header
from streams.state import Commit, Ledger
from streams.topics import JOURNEYS, REJECTED, WEB
from streams.topics.records import ORIGIN, Headers

NOON = 1_767_225_600_000
WORLD = World(Reference())


@dataclass(frozen=True)
class Stored:
    """A record as the log has it."""

    offset: int
    value: bytes | None
    headers: Headers


def viewed(message: str, customer: str = "ana", item: str = "mug") -> ProductViewed:
    return ProductViewed(id=message, customer=customer, channel=Channel.WEB, at=NOON, received=NOON, item=item)


def added(message: str, customer: str = "ana", item: str = "mug") -> ProductAdded:
    return ProductAdded(id=message, customer=customer, channel=Channel.WEB, at=NOON, received=NOON, item=item)


def stored(*events: Event, first: int = 0, source: int | None = None) -> list[Stored]:
    """The events at consecutive offsets; their source offsets run along, or from `source`."""
    start = first if source is None else source
    return [
        Stored(first + n, encode_event(event), [origin_header(WEB.name, 0, start + n)])
        for n, event in enumerate(events)
    ]


def folded(records: Sequence[Stored], ledger: Ledger | None = None) -> MicroBatch:
    batch = read_batch(3, ledger or Ledger(), records)
    fold(batch, WORLD)
    return batch


def committed(records: Sequence[Stored], ledger: Ledger | None = None) -> Commit:
    return to_commit(folded(records, ledger), {})


def test_a_commit_moves_the_ledger_past_the_last_record() -> None:
    commit = committed(stored(viewed("m1"), added("m2"), viewed("m3", "bea")))
    assert (commit.first, commit.next) == (0, 3)
    assert commit.marks == {(WEB.name, 0): 2}
    assert {customer: decode_state(blob).version for customer, blob in commit.states.items()} == {"ana": 2, "bea": 1}


def test_what_the_ledger_has_seen_is_not_applied_again() -> None:
    batch = folded(stored(viewed("m1"), viewed("m2"), viewed("m3")), Ledger(next=2))
    assert (batch.counts["redelivered"], batch.counts["applied"]) == (2, 1)


def test_an_event_produced_twice_is_applied_once() -> None:
    once = stored(viewed("m1"), added("m2"))
    again = stored(viewed("m1"), added("m2"), added("m3"), first=2, source=0)
    batch = folded([*once, *again])
    assert (batch.counts["produced_twice"], batch.counts["applied"]) == (2, 3)
    assert batch.states["ana"].cart == {"mug": 2}


def test_an_id_used_again_for_something_else_is_rejected_as_a_conflict() -> None:
    batch = folded(stored(added("m1"), added("m1", item="lamp"), added("m1")))
    assert (batch.counts["applied"], batch.counts["duplicate"], batch.counts["rejected_id_conflict"]) == (1, 1, 1)
    [rejected] = [decode_rejected(out.value or b"") for out in batch.outgoing if out.topic == REJECTED.name]
    assert rejected.reason == "id_conflict"
    assert batch.states["ana"].cart == {"mug": 1}


def test_a_commit_says_of_whose_timers_moved_when_the_first_is_due() -> None:
    once = committed(stored(viewed("m1", "bea"), added("m2"), added("m3")))
    assert once.due == {"ana": NOON + WORLD.journey.abandoned_cart_ms}
    assert committed(stored(viewed("m1"))).due == {}


def test_marks_of_an_earlier_commit_still_hold() -> None:
    batch = folded(stored(added("m1"), first=7, source=4), Ledger(next=7, marks={(WEB.name, 0): 4}))
    assert batch.counts["produced_twice"] == 1
    assert not batch.changed


def test_a_message_id_from_another_path_is_a_duplicate() -> None:
    batch = folded(stored(added("m1"), added("m1")))
    assert (batch.counts["duplicate"], batch.states["ana"].cart) == (1, {"mug": 1})


def test_poison_is_rejected_with_its_bytes_and_the_rest_is_applied() -> None:
    nonsense = Stored(1, b"\xff{", [origin_header(WEB.name, 0, 1)])
    foreign = Stored(2, encode_event(viewed("m2")), [])
    empty = Stored(3, encode_event(viewed("m2")), [(ORIGIN, None)])
    commit = committed([*stored(viewed("m1")), nonsense, foreign, empty, *stored(viewed("m3"), first=4)])
    rejects = [decode_rejected(o.value) for o in commit.outgoing if o.topic == REJECTED.name and o.value]
    assert [(reject.reason, reject.source) for reject in rejects] == [
        ("malformed_event", "customer-events/3/1"),
        ("missing_origin", "customer-events/3/2"),
        ("missing_origin", "customer-events/3/3"),
    ]
    assert rejects[0].raw_bytes() == b"\xff{"
    assert decode_state(commit.states["ana"]).version == 2
    assert commit.next == 5


def test_a_record_that_our_own_code_cannot_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(raw: bytes) -> Event:
        if b"m2" in raw:
            raise AttributeError(raw)
        return decode_event(raw)

    monkeypatch.setattr(microbatch, "decode_event", faulty)
    commit = committed(stored(viewed("m1"), viewed("m2"), viewed("m3")))
    [reject] = [decode_rejected(o.value) for o in commit.outgoing if o.topic == REJECTED.name and o.value]
    assert (reject.reason, reject.source) == ("internal_fault", "customer-events/3/1")
    assert (decode_state(commit.states["ana"]).version, commit.next) == (2, 3)


def test_a_new_stage_leaves_with_the_commit() -> None:
    commit = committed(stored(viewed("m1"), added("m2")))
    assert [outgoing.topic for outgoing in commit.outgoing] == [JOURNEYS.name, JOURNEYS.name]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=40), st.integers(0, 40))
def test_any_cut_of_the_log_gives_the_same_states(sent: list[tuple[str, int]], cut: int) -> None:
    records = stored(*(added(f"m{message}", customer) for customer, message in sent))
    whole = folded(records)
    first = folded(records[:cut]) if cut else read_batch(3, Ledger(), records[:1])
    ledger = Ledger(min(cut, len(records)), first.marks if cut else {})
    rest = read_batch(3, ledger, records)
    rest.states.update(first.states if cut else {})
    fold(rest, WORLD)
    assert rest.states == whole.states
    assert customers_of(rest) == list(dict.fromkeys(customer for customer, _ in sent[cut:]))
