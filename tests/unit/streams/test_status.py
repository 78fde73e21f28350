"""The verdict: what is wrong is told in a sentence, what is not known is not called wrong."""

import time
from typing import Any

import pytest
from kafka import TopicPartition

from streams.status import Broker, Source, Store, late_sources, rows_of, sources_of, troubles_of
from streams.status.broker import owners_of, undone_of
from streams.status.gather import within

GROUP = "caudal"
WELL = Broker(owners={0: "a", 1: "b"}, ends={0: 10, 1: 20}, committed={0: 10, 1: 20}, group="Stable", members=2)


def store(ledgers: dict[int, int], outboxes: dict[int, int] | None = None, **told: object) -> Store:
    fields: dict[str, object] = {"version": "8", "role": "master", "policy": "noeviction", "used": 1, "limit": 0}
    return Store(**{**fields, **told}, ledgers=ledgers, outboxes=outboxes or {})  # type: ignore[arg-type]


def verdict(broker: Broker | None, held: Store | None, since: dict[int, float] | None = None) -> list[str]:
    rows = rows_of(2, broker, held, since or {})
    return list(troubles_of(rows, broker, held, GROUP))


def test_a_system_that_is_well_has_no_troubles() -> None:
    assert verdict(WELL, store({0: 10, 1: 20})) == []


def test_some_lag_is_no_trouble_and_late_events_are() -> None:
    behind = store({0: 10, 1: 5})
    (row, late) = rows_of(2, WELL, behind, {1: 2.5})
    assert (row.lag, row.waiting) == (0, 0.0)
    assert (late.lag, late.waiting) == (15, 2.5)
    assert [trouble for trouble in verdict(WELL, behind, {1: 2.5}) if "waiting" in trouble] == []
    (said,) = [trouble for trouble in verdict(WELL, behind, {1: 42.0}) if "waiting" in trouble]
    assert "customer-events[1]" in said
    assert "42 s" in said


@pytest.mark.parametrize(
    ("broker", "held", "word"),
    [
        (Broker(group="Empty", members=0), store({}), "no worker is running"),
        (Broker(group="PreparingRebalance", members=2), store({}), "partitions are moving"),
        (Broker(owners={0: "a"}, members=1, group="Stable"), store({}), "no owner"),
        (WELL, store({0: 10, 1: 7}), "Redis forgot"),
        (WELL, store({0: 10, 1: 20}, role="slave"), "primary"),
        (WELL, store({0: 10, 1: 20}, used=95, limit=100), "95%"),
        (WELL, store({0: 10, 1: 20}, {1: 5000}), "5,000 commits wait"),
        (WELL, store({0: 10, 1: 20}, overdue=7), "timers of 7 customers"),
        (WELL, store({0: 10, 1: 20}, troubles=("evicts",)), "evicts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told_in_a_sentence(broker: Broker, held: Store, word: str) -> None:
    told = verdict(broker, held)
    assert any(word in trouble for trouble in told), told


def test_what_is_not_known_is_not_called_wrong() -> None:
    assert verdict(Broker(), store({})) == []
    assert verdict(None, None) == []
    (row, _) = rows_of(2, None, None, {})
    assert (row.owner, row.end, row.ledger, row.lag, row.waiting, row.outbox) == (None,) * 6


def test_an_end_before_what_was_read_is_not_believed() -> None:
    (row, _) = rows_of(2, Broker(ends={0: 1, 1: 1}, committed={0: 44, 1: 1}), store({0: 44, 1: 1}), {})
    assert (row.end, row.lag) == (None, None)


def test_owners_are_named_by_client_and_host() -> None:
    members: list[dict[str, Any]] = [
        {"client_id": "caudal-a-1", "client_host": "/10.0.0.7", "member_assignment": {"assigned_partitions": [
            {"topic": "customer-events", "partitions": [0, 2]}, {"topic": "events.web", "partitions": [1]}]}},
        {"client_id": "joining", "client_host": "/10.0.0.8", "member_assignment": b""},
    ]  # fmt: skip
    assert owners_of(members) == {0: "caudal-a-1 10.0.0.7", 2: "caudal-a-1 10.0.0.7"}


def test_work_that_hangs_is_left_to_itself() -> None:
    assert within(5.0, lambda: 7) == 7

    def fail() -> None:
        raise KeyError("absent")

    with pytest.raises(KeyError):
        within(5.0, fail)
    with pytest.raises(TimeoutError):
        within(0.05, lambda: time.sleep(1.0))


def test_what_was_accepted_and_not_identified_is_counted_and_late_when_it_waits() -> None:
    ends = {TopicPartition("events.web", 0): 10, TopicPartition("events.web", 1): 5, TopicPartition("events.app", 0): 3}
    seen = Broker(undone=undone_of(ends, {TopicPartition("events.web", 0): 7, TopicPartition("events.app", 0): 3}))
    brief = sources_of(seen, {("events.web", 0): 1.0, ("events.web", 1): 2.5})
    assert brief == (Source("events.web", 8, 2.5),)
    assert list(late_sources(brief)) == []
    (said,) = late_sources(sources_of(seen, {("events.web", 1): 42.0}))
    assert said == "events.web: the oldest event not identified has been waiting for 42 s, 8 are behind"


def test_what_a_broker_does_not_tell_of_its_topics_is_not_waiting() -> None:
    assert undone_of(None, {}) == {}
    assert undone_of({TopicPartition("events.web", 0): 10}, None) == {}
    assert sources_of(None, {}) == ()
