"""A Redis Cluster whose slots move: the same state, nothing lost, doubled or crossed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from streams.state import Ledger, StateUnavailable, keys
from streams.state.cluster import Cluster
from streams.state.redis import RedisState
from streams.state.wipe import wipe
from tests.contract.clusters import (
    elsewhere,
    eventually,
    information,
    looks,
    many,
    one_each,
    owner,
    paused,
    state_at,
    views_at,
)
from tests.contract.commits import commit, push_record
from tests.patience import PATIENCE
from tests.redis_cluster import Member, RunningCluster


async def test_a_cluster_is_found_by_any_one_of_its_servers(cluster: RunningCluster, partition: int) -> None:
    for member in cluster.primaries:
        async with state_at(f"redis://{member.address}/0") as state:
            for there in one_each(cluster, partition):
                assert (await state.states(there, ["nobody"])) == [None]


async def test_a_server_that_is_down_is_no_hindrance_to_find_the_others(
    cluster: RunningCluster, partition: int
) -> None:
    async with state_at(f"redis://127.0.0.1:1,{cluster.primaries[2].address}/0") as state:
        assert await state.ledger(partition) == Ledger()


async def test_commits_of_many_partitions_reach_each_server_in_one_piece(
    cluster: RunningCluster, partition: int
) -> None:
    """Counted by the servers: reading from a socket once is once waiting for the network."""
    partitions = many(partition, 32)
    async with state_at(cluster.url) as state:
        await state.commit([commit(p, 0, states={"ana": b"A"}) for p in partitions])
        before = [_reads(member) for member in cluster.primaries]
        overhead = [_reads(member) - reads for member, reads in zip(cluster.primaries, before, strict=True)]
        before = [_reads(member) for member in cluster.primaries]

        results = await state.commit([commit(p, 1, states={"ana": b"B"}) for p in partitions])

        after = [_reads(member) for member in cluster.primaries]
    assert all(result.applied for result in results)
    assert [b - a - o for a, b, o in zip(before, after, overhead, strict=True)] == [1, 1, 1]


async def test_partitions_of_every_server_can_be_wiped(cluster: RunningCluster, partition: int) -> None:
    wiped, kept = many(partition, 12)[:10], many(partition, 12)[10:]
    async with state_at(cluster.url) as state:
        await state.commit([commit(p, states={"ana": b"A"}) for p in (*wiped, *kept)])
        await wipe(state.calls, wiped)
        assert [await state.states(p, ["ana"]) for p in wiped] == [[None]] * 10
        assert [await state.states(p, ["ana"]) for p in kept] == [[b"A"]] * 2


async def test_nobody_waits_for_one_server_before_the_next_is_asked(moving: RunningCluster, partition: int) -> None:
    here, *others = one_each(moving, partition)
    sick, well = owner(moving, here), owner(moving, others[0])
    async with state_at(moving.url, redis_timeout=30.0) as state, state_at(f"redis://{well.address}/0") as witness:
        await state.commit([commit(p) for p in (here, *others)])
        await witness.ledger(others[0])
        with paused(moving, sick):
            committing = asyncio.create_task(state.commit([commit(p, 1) for p in (here, *others)]))
            await _until(lambda: _stands_at(witness, others[0], 2))
            assert not committing.done()

        assert [(result.applied, result.next) for result in await committing] == [(True, 2)] * 3


async def test_a_server_that_hangs_stops_its_own_partitions_only(moving: RunningCluster, partition: int) -> None:
    here, there, _ = one_each(moving, partition)
    async with views_at(moving.url, read_deadline=0.8) as views:
        await views.customer(here, "ana")
        await views.customer(there, "ana")
        with paused(moving, owner(moving, here)):
            reads = [views.customer(here if n % 2 else there, "ana") for n in range(200)]
            found = await asyncio.gather(*reads, return_exceptions=True)

        assert [result for result in found[::2] if result is not None] == []
        assert all(isinstance(result, StateUnavailable) for result in found[1::2])
        await eventually(lambda: views.customer(here, "ana"))
        server = await views._calls.server()
        assert isinstance(server, Cluster)
        # Not at once: the failed calls had the cluster's map looked at, and its reply may be under way.
        await _until(lambda: _nobody_waits(server))


async def test_a_slot_that_has_moved_is_followed_within_the_call(moving: RunningCluster, partition: int) -> None:
    async with state_at(moving.url) as state, views_at(moving.url) as views:
        await state.commit([commit(partition, 0, 1, states={"ana": b"A"})])
        assert await views.customer(partition, "ana") == b"A"
        moving.move(keys.ledger(partition), elsewhere(moving, partition))

        [committed] = await state.commit([commit(partition, 1, 2, states={"ana": b"B"}, outgoing=[push_record()])])

        assert (committed.applied, committed.next) == (True, 2)
        assert await views.customer(partition, "ana") == b"B"
        assert len(await state.outbox(partition, 10)) == 1


async def test_a_slot_on_its_way_is_asked_for_where_its_keys_are(moving: RunningCluster, partition: int) -> None:
    key = keys.ledger(partition)
    async with state_at(moving.url) as state:
        whole = commit(partition, 0, 1, states={"ana": b"A"}, outgoing=[push_record()], due={"ana": 1})
        await state.commit([whole])
        target = elsewhere(moving, partition)
        target.ask("SCRIPT FLUSH")
        source = moving.begin_move(key, target)
        moving.move_keys(key, source, target)

        assert await state.states(partition, ["ana"]) == [b"A"]
        [committed] = await state.commit([replace(whole, first=1, next=2, states={"ana": b"B"})])

        assert committed.applied, "by a server that has not got the slot yet, and did not know the script"
        moving.end_move(key, target)
        assert await state.ledger(partition) == Ledger(2)
        assert await state.states(partition, ["ana"]) == [b"B"]


async def test_a_micro_batch_with_keys_on_both_sides_waits_until_the_move_is_over(
    moving: RunningCluster, partition: int
) -> None:
    key = keys.ledger(partition)
    async with state_at(moving.url) as state:
        await state.commit([commit(partition, 0, 1, states={"ana": b"A"})])
        target = elsewhere(moving, partition)
        source = moving.begin_move(key, target)

        with pytest.raises(StateUnavailable, match="work goes on when the move is over"):
            await state.commit([commit(partition, 1, 2, states={"ana": b"B", "new": b"N"})])

        assert await state.ledger(partition) == Ledger(1)
        moving.move_keys(key, source, target)
        moving.end_move(key, target)
        [committed] = await state.commit([commit(partition, 1, 2, states={"ana": b"B", "new": b"N"})])
        assert committed.applied


async def test_slots_that_move_to_and_fro_under_writing_lose_and_double_nothing(
    moving: RunningCluster, partition: int
) -> None:
    partitions = many(partition, 4)
    stop = asyncio.Event()
    async with state_at(moving.url) as state:
        writers = [asyncio.create_task(_write_until(stop, state, p)) for p in partitions]
        for number in range(12):
            place = partitions[number % len(partitions)]
            await asyncio.to_thread(moving.move, keys.ledger(place), elsewhere(moving, place))
            await asyncio.sleep(0.05)
        stop.set()
        written = await asyncio.gather(*writers)

        for place, count in zip(partitions, written, strict=True):
            assert count > 12
            assert await state.ledger(place) == Ledger(count)
            numbers = [entry.outgoing[0].value for entry in await state.outbox(place, 10 * count)]
            assert numbers == [b"%d" % number for number in range(count)]


async def test_a_storm_of_redirections_is_weathered_with_few_looks_at_the_map(
    moving: RunningCluster, partition: int
) -> None:
    partitions = many(partition, 100)
    async with state_at(moving.url) as state:
        await state.commit([commit(p, states={"ana": b"%d" % p}) for p in partitions])
        target = moving.primaries[0]
        for slot_key in {keys.ledger(p) for p in partitions if owner(moving, p) is not target}:
            moving.move(slot_key, target)
        for member in moving.primaries:
            member.ask("CONFIG RESETSTAT")

        found = await asyncio.gather(*(state.states(p, ["ana"]) for p in partitions for _ in range(20)))

        assert found == [[b"%d" % p] for p in partitions for _ in range(20)]
        assert 1 <= looks(moving.primaries) <= 12


async def test_replies_never_cross_when_reads_are_cancelled_while_slots_move(
    moving: RunningCluster, partition: int
) -> None:
    partitions = many(partition, 30)
    wrong: list[object] = []
    async with state_at(moving.url) as state, views_at(moving.url) as views:
        await state.commit([commit(p, states={"ana": b"%d" % p}) for p in partitions])

        async def read(place: int) -> None:
            found = await views.customer(place, "ana")
            if found != b"%d" % place:
                wrong.append((place, found))

        cancelled = 0
        for number in range(40):
            reads = [asyncio.create_task(read(place)) for place in partitions]
            if number % 5 == 0:
                moved = keys.ledger(partitions[number % 30])
                await asyncio.to_thread(moving.move, moved, elsewhere(moving, partitions[number % 30]))
            await asyncio.sleep(0.0003 * (number % 7))
            for task in reads[number % 3 :: 3]:
                cancelled += task.cancel()
            await asyncio.gather(*reads, return_exceptions=True)

        assert cancelled > 50
        assert wrong == []
        await asyncio.gather(*(read(place) for place in partitions))
        assert wrong == []


async def test_each_server_that_forgot_the_scripts_is_told_them_again(moving: RunningCluster, partition: int) -> None:
    partitions = one_each(moving, partition)
    async with state_at(moving.url) as state:
        await state.commit([commit(p) for p in partitions])
        owner(moving, partitions[1]).ask("SCRIPT FLUSH")
        results = await state.commit([commit(p, 1) for p in partitions])
        assert [result.applied for result in results] == [True] * 3


def _reads(member: Member) -> int:
    """Times the server read from a client's socket."""
    return int(information(member, "stats")["total_reads_processed"])


async def _write_until(stop: asyncio.Event, state: RedisState, partition: int) -> int:
    """Commits one after the other, each again until it is in; how many."""
    number = 0
    while not stop.is_set():
        numbered = commit(partition, number, outgoing=[push_record(value=b"%d" % number)])
        [committed] = await eventually(partial(state.commit, [numbered]))
        assert committed.next == number + 1
        number += 1
    return number


async def _stands_at(state: RedisState, partition: int, offset: int) -> bool:
    return (await state.ledger(partition)).next == offset


async def _nobody_waits(server: Cluster) -> bool:
    return not any(node._line.waiting for node in server._every_node() if node._line)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
