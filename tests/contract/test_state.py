"""The promises of the state, kept by every adapter."""

import asyncio

import pytest

from streams.state import Ledger, OutboxEntry, Outgoing
from tests.contract.commits import WEB, commit, push_record
from tests.contract.conftest import INBOX_MESSAGES, Adapter


async def test_a_new_partition_stands_at_its_beginning(adapter: Adapter, partition: int) -> None:
    assert await adapter.state.ledger(partition) == Ledger(0, {})
    assert await adapter.state.states(partition, ["ana"]) == [None]
    assert await adapter.state.outbox(partition, 10) == []


async def test_a_commit_writes_states_slates_outbox_marks_and_ledger(adapter: Adapter, partition: int) -> None:
    outgoing = [push_record("ana"), Outgoing("recommendations", b"ana", None), push_record("bo", b"other")]
    whole = commit(
        partition, 0, 7, states={"ana": b"A", "bo": b"B"}, slates={"ana": b"S"}, marks={WEB: 41}, outgoing=outgoing
    )

    [committed] = await adapter.state.commit([whole])

    assert (committed.applied, committed.next) == (True, 7)
    assert await adapter.state.ledger(partition) == Ledger(7, {WEB: 41})
    assert await adapter.state.states(partition, ["bo", "nobody", "ana"]) == [b"B", None, b"A"]
    assert await adapter.state.slates(partition, ["ana", "bo"]) == [b"S", None]
    assert await adapter.state.outbox(partition, 10) == [OutboxEntry(committed.outbox, tuple(outgoing))]


async def test_a_commit_done_twice_is_applied_once(adapter: Adapter, partition: int) -> None:
    once = commit(partition, 0, 3, states={"ana": b"A"}, outgoing=[push_record()])
    await adapter.state.commit([once])

    [again] = await adapter.state.commit([once])

    assert (again.applied, again.next, again.outbox) == (False, 3, "")
    assert len(await adapter.state.outbox(partition, 10)) == 1


@pytest.mark.parametrize("first", [2, 4])
async def test_a_commit_that_does_not_continue_the_ledger_changes_nothing(
    adapter: Adapter, partition: int, first: int
) -> None:
    await adapter.state.commit([commit(partition, 0, 3, states={"ana": b"A"}, marks={WEB: 9})])

    [refused] = await adapter.state.commit(
        [
            commit(
                partition,
                first,
                9,
                states={"ana": b"X"},
                slates={"ana": b"X"},
                marks={WEB: 99},
                outgoing=[push_record()],
            )
        ]
    )

    assert (refused.applied, refused.next) == (False, 3)
    assert await adapter.state.ledger(partition) == Ledger(3, {WEB: 9})
    assert await adapter.views.customer(partition, "ana") == b"A"
    assert await adapter.state.outbox(partition, 10) == []


async def test_commits_of_several_partitions_are_judged_each_by_itself(adapter: Adapter, partition: int) -> None:
    behind = partition + 100_000
    await adapter.state.commit([commit(behind, 0, 5)])

    results = await adapter.state.commit(
        [commit(partition, 0, 1, states={"ana": b"A"}), commit(behind, 0, 9), commit(behind, 5, 6)]
    )

    assert [(result.applied, result.next) for result in results] == [(True, 1), (False, 5), (True, 6)]


async def test_marks_that_did_not_move_are_kept(adapter: Adapter, partition: int) -> None:
    await adapter.state.commit([commit(partition, 0, marks={WEB: 5, ("odd/topic", 0): 7})])
    await adapter.state.commit([commit(partition, 1, marks={WEB: 6})])

    assert (await adapter.state.ledger(partition)).marks == {WEB: 6, ("odd/topic", 0): 7}


async def test_a_micro_batch_of_thousands_of_customers_is_committed_whole(adapter: Adapter, partition: int) -> None:
    states = {f"customer-{number}": f"state {number}".encode() for number in range(3210)}
    slates = {customer: b"slate of " + state for customer, state in states.items()}

    await adapter.state.commit([commit(partition, 0, 4000, states=states, slates=slates, marks={WEB: 4000})])

    assert await adapter.state.states(partition, list(states)) == list(states.values())
    assert await adapter.state.slates(partition, list(states)) == list(slates.values())


async def test_who_has_a_timer_is_found_when_it_is_due_the_earliest_first(adapter: Adapter, partition: int) -> None:
    await adapter.state.commit([commit(partition, 0, due={"ana": 2000, "bo": 1000, "cy": 3000, "ünï": 1000})])

    assert await adapter.state.due([partition], 999, 10) == [{}]
    [found] = await adapter.state.due([partition], 2000, 10)
    assert found is not None
    assert list(found.items()) == [("bo", 1000), ("ünï", 1000), ("ana", 2000)]
    assert await adapter.state.due([partition], 9999, 2) == [{"bo": 1000, "ünï": 1000}]


async def test_due_moments_move_and_go_and_those_not_named_stay(adapter: Adapter, partition: int) -> None:
    await adapter.state.commit([commit(partition, 0, due={"ana": 1000, "bo": 1000, "cy": 1000})])
    await adapter.state.commit([commit(partition, 1, due={"ana": 2000, "bo": 0, "nobody": 0})])
    await adapter.state.commit([commit(partition, 2, states={"ana": b"A"})])

    assert await adapter.state.due([partition], 9999, 10) == [{"cy": 1000, "ana": 2000}]


async def test_a_refused_commit_moves_no_due_moment(adapter: Adapter, partition: int) -> None:
    await adapter.state.commit([commit(partition, 0, 3, due={"ana": 1000})])
    await adapter.state.commit([commit(partition, 0, 3, due={"ana": 5, "bo": 5})])

    assert await adapter.state.due([partition], 9999, 10) == [{"ana": 1000}]


async def test_the_due_of_several_partitions_are_told_apart(adapter: Adapter, partition: int) -> None:
    other = partition + 100_000
    await adapter.state.commit([commit(partition, 0, due={"ana": 1}), commit(other, 0, due={"bo": 2})])

    assert await adapter.state.due([other, partition, other + 1], 5, 10) == [{"bo": 2}, {"ana": 1}, {}]
    assert await adapter.state.due([], 5, 10) == []


async def test_thousands_of_due_moments_are_committed_whole(adapter: Adapter, partition: int) -> None:
    due = {f"customer-{number:04}": number + 1 for number in range(3210)}
    await adapter.state.commit([commit(partition, 0, due=due, marks={WEB: 4}, states={"ana": b"A"})])

    assert await adapter.state.due([partition], 9999, 9999) == [due]
    assert await adapter.state.ledger(partition) == Ledger(1, {WEB: 4})

    await adapter.state.commit([commit(partition, 1, due=dict.fromkeys(due, 0))])
    assert await adapter.state.due([partition], 9999, 9999) == [{}]


async def test_nothing_to_commit_or_to_read_is_no_trouble(adapter: Adapter, partition: int) -> None:
    assert await adapter.state.commit([]) == []
    assert await adapter.state.states(partition, []) == []
    assert await adapter.state.states_of({partition: []}) == {}
    await adapter.state.relayed({partition: []})


async def test_many_partitions_are_read_and_their_outboxes_emptied_together(adapter: Adapter, partition: int) -> None:
    other = partition + 1000
    for p in (partition, other):
        await adapter.state.commit([commit(p, states={f"ana-{p}": b"A%d" % p}, outgoing=[push_record()])])
    found = await adapter.state.states_of({partition: [f"ana-{partition}", "nobody"], other: [f"ana-{other}"]})
    assert found == {partition: [b"A%d" % partition, None], other: [b"A%d" % other]}
    entries = {p: [entry.id for entry in await adapter.state.outbox(p, 10)] for p in (partition, other)}
    await adapter.state.relayed(entries)
    assert [await adapter.state.outbox(p, 10) for p in entries] == [[], []]


async def test_the_outbox_is_read_oldest_first_and_forgets_what_was_relayed(adapter: Adapter, partition: int) -> None:
    entries = []
    for offset in range(4):
        [committed] = await adapter.state.commit([commit(partition, offset, outgoing=[push_record(str(offset))])])
        entries.append(committed.outbox)

    await adapter.state.relayed({partition: [entries[0], entries[2]]})
    await adapter.state.relayed({partition: [entries[0]]})

    assert [entry.id for entry in await adapter.state.outbox(partition, 10)] == [entries[1], entries[3]]
    assert [entry.id for entry in await adapter.state.outbox(partition, 1)] == [entries[1]]


@pytest.mark.parametrize("customer", ["ana}:ledger", "{p1}:ledger", "*", "a\nb", "../ana", "\x00", "ünï", "a:b", " "])
async def test_no_name_of_a_customer_reaches_another_key(adapter: Adapter, partition: int, customer: str) -> None:
    await adapter.state.commit([commit(partition, 0, 1, states={customer: b"A", "ana": b"B"}, slates={customer: b"S"})])

    assert await adapter.views.customer(partition, customer) == b"A"
    assert await adapter.state.slates(partition, [customer]) == [b"S"]
    assert await adapter.views.customer(partition, "ana") == b"B"
    assert (await adapter.state.ledger(partition)).next == 1


async def test_a_message_is_posted_once_per_decision(adapter: Adapter, partition: int) -> None:
    assert await adapter.state.post(partition, "ana", "decision", b"first") is True
    assert await adapter.state.post(partition, "ana", "decision", b"again") is False
    assert await adapter.state.post(partition, "bo", "decision", b"hers") is True

    assert [message.payload for message in await adapter.views.inbox(partition, "ana", "", 10)] == [b"first"]


async def test_an_inbox_knows_what_it_ever_held(adapter: Adapter, partition: int) -> None:
    assert await adapter.state.was_posted(partition, "ana", "decision") is False
    await adapter.state.post(partition, "ana", "decision", b"payload")
    assert await adapter.state.was_posted(partition, "ana", "decision") is True
    assert await adapter.state.was_posted(partition, "bo", "decision") is False


async def test_an_inbox_is_read_from_where_its_reader_left(adapter: Adapter, partition: int) -> None:
    for number in range(4):
        await adapter.state.post(partition, "ana", f"d{number}", b"%d" % number)
    first, second, *_ = await adapter.views.inbox(partition, "ana", "", 10)

    later = await adapter.views.inbox(partition, "ana", second.id, 10)

    assert (first.decision, first.payload) == ("d0", b"0")
    assert [message.decision for message in later] == ["d2", "d3"]
    assert [message.decision for message in await adapter.views.inbox(partition, "ana", first.id, 1)] == ["d1"]
    assert await adapter.views.inbox(partition, "ana", later[-1].id, 10) == []


async def test_an_inbox_keeps_its_newest_messages_and_still_knows_the_old_decisions(
    adapter: Adapter, partition: int
) -> None:
    for number in range(INBOX_MESSAGES + 3):
        await adapter.state.post(partition, "ana", f"d{number}", b"")

    kept = await adapter.views.inbox(partition, "ana", "", 100)

    assert [message.decision for message in kept] == [f"d{number}" for number in range(3, INBOX_MESSAGES + 3)]
    assert await adapter.state.post(partition, "ana", "d0", b"") is False


@pytest.mark.parametrize("after", ["x", "1", "-", "1-", "1-2-3", "+", "1-x", "-1-0", "٣-1", f"{1 << 64}-0"])
async def test_an_inbox_is_not_read_from_what_is_no_message(adapter: Adapter, partition: int, after: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a message"):
        await adapter.views.inbox(partition, "ana", after, 10)


async def test_a_listener_hears_of_its_own_customer_only(adapter: Adapter, partition: int) -> None:
    with adapter.views.listen(partition, "ana") as ana, adapter.views.listen(partition, "bo") as bo:
        await _settled(adapter, partition, "ana")
        await _drained(bo)
        await _drained(ana)
        waiting = asyncio.create_task(ana.wait(5.0))
        await adapter.state.post(partition, "ana", "news", b"")

        assert await waiting is True
        assert await bo.wait(0.05) is False


async def test_news_between_two_waits_is_not_missed(adapter: Adapter, partition: int) -> None:
    with adapter.views.listen(partition, "ana") as ana:
        await _settled(adapter, partition, "ana")
        await _drained(ana)
        await adapter.state.post(partition, "ana", "news", b"")

        assert await ana.wait(5.0) is True
        assert await ana.wait(0.0) is False


async def _settled(adapter: Adapter, partition: int, customer: str) -> None:
    """Until a subscription is in place: posts are heard."""
    for attempt in range(100):
        with adapter.views.listen(partition, customer) as probe:
            await adapter.state.post(partition, customer, f"probe {attempt}", b"")
            if await probe.wait(0.05):
                return
    raise AssertionError("nothing was ever heard")


async def _drained(listener: object) -> None:
    while await listener.wait(0.05):  # type: ignore[attr-defined]
        pass
