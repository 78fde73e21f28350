"""A Redis Cluster whose servers die or hang, or that is none: what goes on, what is told, what is refused."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count

import pytest

from streams.state import StateUnavailable, keys, wakes
from streams.state.calls import Calls
from streams.state.checks import UnfitRedis, check_fit
from streams.state.cluster import ASKED, LOOK_PAUSE, Cluster
from streams.state.cluster_slots import slot_of
from streams.state.redis import RedisState, RedisViews
from tests.contract.clusters import eventually, looks, one_each, owner, paused, state_at, views_at
from tests.contract.commits import commit
from tests.patience import PATIENCE
from tests.redis_cluster import RunningCluster, redis_cluster


@pytest.fixture
def mortal() -> Iterator[RunningCluster]:
    """For one test alone: with a replica for each primary."""
    with redis_cluster(replicas=True) as running:
        yield running


async def test_a_replica_takes_over_and_the_state_goes_on_from_what_it_has(mortal: RunningCluster) -> None:
    here, *others = one_each(mortal, 1)
    async with state_at(mortal.url, redis_timeout=1.0) as state:
        await state.commit([commit(p, states={"ana": b"A"}) for p in (here, *others)])
        dead = owner(mortal, here)
        assert dead.ask("WAIT", 1, 5000) == 1
        dead.kill()

        with pytest.raises(StateUnavailable):
            await state.commit([commit(here, 1)])
        await eventually(lambda: state.states(here, ["ana"]))

        ledger = await state.ledger(here)
        assert await state.states(here, ["ana"]) == [b"A" if ledger.next else None], "whole, also where it forgot"
        for other in others:  # Servers learn of it one after the other, and say until then that the cluster is down.
            await eventually(partial(state.ledger, other))
        results = await state.commit([commit(here, ledger.next), *(commit(p, 1) for p in others)])
        assert [result.applied for result in results] == [True] * 3


async def test_listeners_hear_of_every_partition_also_when_the_server_they_listened_at_died(
    mortal: RunningCluster,
) -> None:
    partitions = one_each(mortal, 1)
    async with state_at(mortal.url, redis_timeout=1.0) as state, views_at(mortal.url) as views:
        for place in partitions:
            assert await _hears(state, views, place)
        for member in mortal.primaries[:1]:
            member.kill()
        for place in partitions:
            assert await _hears(state, views, place)


async def test_a_listener_leaves_a_server_that_hangs(
    moving: RunningCluster, partition: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakes, "QUIET", 0.3)
    async with state_at(moving.url) as state, views_at(moving.url) as views:
        for place in one_each(moving, partition):
            assert await _hears(state, views, place)
        [listened_at] = [member for member in moving.primaries if member.ask("PUBSUB NUMPAT")]
        places = [place for place in one_each(moving, partition) if owner(moving, place) is not listened_at]
        with paused(moving, listened_at):
            for place in places:
                assert await _hears(state, views, place)


async def test_a_cluster_without_a_part_says_so() -> None:
    with redis_cluster() as broken:
        here, there, _ = one_each(broken, 1)
        async with state_at(broken.url, redis_timeout=1.0) as state:
            await state.commit([commit(here), commit(there)])
            dead = owner(broken, here)
            living = [member for member in broken.primaries if member is not dead]
            dead.kill()
            before, began = looks(living), time.monotonic()
            for _ in range(300):
                with pytest.raises(StateUnavailable, match=dead.address):
                    await state.ledger(here)
            rounds = (time.monotonic() - began) / LOOK_PAUSE + 1
            assert looks(living) - before <= rounds * (ASKED + 1), "a call that fails wants a look, not each its own"
            with pytest.raises(StateUnavailable, match="a part of the cluster has no primary"):
                await _until_it_fails(lambda: state.ledger(there))


async def test_a_server_that_hangs_is_known_by_its_silence_and_the_others_are_not(
    moving: RunningCluster, partition: int
) -> None:
    here, there, _ = one_each(moving, partition)
    async with state_at(moving.url, redis_timeout=0.3) as state:
        await state.commit([commit(here), commit(there)])
        assert state.place(here) == owner(moving, here).address != state.place(there)
        with paused(moving, owner(moving, here)):
            for _ in range(2):
                with pytest.raises(StateUnavailable):
                    await state.ledger(here)
                await state.ledger(there)
            assert state.silence(here) > 0.3
            assert state.silence(there) == 0.0
        await eventually(lambda: state.ledger(here))
        assert state.silence(here) < 0.3


async def test_a_server_that_refuses_everything_is_as_one_that_is_silent(
    moving: RunningCluster, partition: int
) -> None:
    here, there, _ = one_each(moving, partition)
    async with state_at(moving.url) as state:
        await state.commit([commit(here), commit(there)])
        server = owner(moving, here)
        server.ask("ACL SETUSER", "default", "-hgetall")
        try:
            with pytest.raises(StateUnavailable):
                await state.ledger(here)
            assert state.silence(here) > 0.0
        finally:
            server.ask("ACL SETUSER", "default", "+hgetall")
        await state.ledger(here)
        assert state.silence(here) == 0.0


async def test_of_commits_that_leave_together_each_has_its_own_result() -> None:
    with redis_cluster() as broken:
        for member in broken.primaries:
            member.ask("CONFIG SET", "cluster-require-full-coverage", "no")
        here, *others = one_each(broken, 1)
        async with state_at(broken.url, redis_timeout=1.0) as state:
            await state.commit([commit(p) for p in (here, *others)])
            owner(broken, here).kill()
            results = await state.commit([commit(p, 1) for p in (here, *others)])
            assert [result.applied for result in results] == [False, True, True]
            assert [result.fault is not None for result in results] == [True, False, False]
            with pytest.raises(StateUnavailable):
                await state.commit([commit(here, 1)])


async def test_of_commits_that_leave_together_only_those_of_the_server_that_hangs_are_in_doubt(
    moving: RunningCluster, partition: int
) -> None:
    here, *others = one_each(moving, partition)
    sick = owner(moving, here)
    there = next(member for member in moving.primaries if member not in (sick, owner(moving, others[0])))
    async with state_at(moving.url, redis_timeout=1.0) as state:
        await state.commit([commit(p) for p in (here, *others)])
        moving.move(keys.ledger(others[0]), there)
        with paused(moving, sick):
            results = await state.commit([commit(p, 1) for p in (here, *others)])
        assert [result.applied for result in results] == [False, True, True], "a slot that has moved is followed, too"
        assert [result.fault is not None for result in results] == [True, False, False]


async def test_what_is_due_is_found_at_the_servers_that_answer(moving: RunningCluster, partition: int) -> None:
    here, there, _ = one_each(moving, partition)
    async with state_at(moving.url, redis_timeout=1.0) as state:
        await state.commit([commit(p, due={"ana": 1_000}) for p in (here, there)])
        with paused(moving, owner(moving, here)):
            assert await state.due([here, there], 9_999, 10) == [None, {"ana": 1_000}]
            with pytest.raises(StateUnavailable):
                await state.due([here], 9_999, 10)
        assert await eventually(lambda: state.due([here, there], 9_999, 10)) == [{"ana": 1_000}] * 2


async def test_a_slot_that_nobody_has_stops_its_own_partitions_only(moving: RunningCluster, partition: int) -> None:
    here, there, _ = one_each(moving, partition)
    async with state_at(moving.url) as state:
        await state.commit([commit(here), commit(there)])
        server = await state.calls.server()
        assert isinstance(server, Cluster)
        server._slots.owners[slot_of(keys.ledger(here))] = ""
        results = await state.commit([commit(here, 1), commit(there, 1)])
        assert [result.applied for result in results] == [False, True]


async def test_a_slot_that_nobody_has_is_told_by_its_number(moving: RunningCluster, partition: int) -> None:
    async with state_at(moving.url) as state:
        server = await state.calls.server()
        assert isinstance(server, Cluster)
        server._slots.owners[:] = [""] * len(server._slots.owners)
        with pytest.raises(StateUnavailable, match="no server has slot"):
            await state.ledger(partition)
        await eventually(lambda: state.ledger(partition))


async def test_every_primary_of_a_cluster_is_looked_at(moving: RunningCluster) -> None:
    calls = Calls(f"redis://{moving.primaries[0].address}/0", timeout=5.0)
    await check_fit(calls)
    for member in moving.primaries:
        member.ask("CONFIG SET", "maxmemory-policy", "allkeys-lru")
        with pytest.raises(UnfitRedis, match=f"{member.address}.*noeviction"):
            await check_fit(calls)
        member.ask("CONFIG SET", "maxmemory-policy", "noeviction")
    await calls.close()


async def test_a_cluster_has_no_other_database(moving: RunningCluster) -> None:
    calls = Calls(moving.url.removesuffix("/0") + "/3", timeout=5.0)
    with pytest.raises(UnfitRedis, match="end CAUDAL_REDIS_URL with /0"):
        await check_fit(calls)
    await calls.close()


async def test_servers_of_two_clusters_are_refused(cluster: RunningCluster, moving: RunningCluster) -> None:
    calls = Calls(f"redis://{cluster.primaries[0].address},{moving.primaries[0].address}/0", timeout=5.0)
    with pytest.raises(UnfitRedis, match="belong to two clusters"):
        await check_fit(calls)
    await calls.close()


async def test_several_servers_that_are_no_cluster_are_refused(redis_url: str, cluster: RunningCluster) -> None:
    single = redis_url.removeprefix("redis://").partition("/")[0]
    for address in (f"{single},127.0.0.1:1", f"{cluster.primaries[0].address},{single}"):
        calls = Calls(f"redis://{address}/0", timeout=5.0)
        with pytest.raises(UnfitRedis, match="name it alone"):
            await check_fit(calls)
        await calls.close()


async def test_several_servers_that_are_all_down_are_waited_for() -> None:
    calls = Calls("redis://127.0.0.1:1,127.0.0.1:2/0", timeout=5.0)
    with pytest.raises(StateUnavailable, match=r"127\.0\.0\.1:1"):
        await check_fit(calls)
    await calls.close()


async def _hears(state: RedisState, views: RedisViews, partition: int) -> bool:
    """Whether a listener hears of posts to the partition, sooner or later."""
    for attempt in count():
        with views.listen(partition, "ana") as ana:
            while await ana.wait(0.0):
                pass
            decision = f"{attempt} {time.monotonic()}"
            await eventually(partial(state.post, partition, "ana", decision, b""))
            if await ana.wait(0.2):
                return True
        if attempt > 100:
            return False
    raise AssertionError("unreachable: count() has no end")


async def _until_it_fails(action: Callable[[], Awaitable[object]]) -> None:
    """Raises what it raises in the end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        await action()
        await asyncio.sleep(0.02)
