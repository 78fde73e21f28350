"""Whatever happens to Redis: a clear `StateUnavailable`, effects once, and no reply that reaches the wrong caller."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from streams.state import Ledger, StateUnavailable, wakes
from streams.state.calls import Calls
from streams.state.checks import UnfitRedis, check_fit, watch_fit
from streams.state.redis import RedisState, RedisViews
from tests.chaos.proxy import Weather
from tests.contract.breakable import BreakableRedis, breakable_redis, redis_behind_a_proxy
from tests.contract.commits import commit, push_record
from tests.contract.conftest import redis_settings
from tests.patience import PATIENCE

LOSING_REPLIES = Weather(replies_lost=True)


@pytest.fixture
def redis() -> Iterator[BreakableRedis]:
    with breakable_redis() as server:
        yield server


async def test_a_redis_that_forgot_the_scripts_is_told_them_again(redis_state: RedisState, redis_url: str) -> None:
    calls = Calls(redis_url, timeout=5.0)
    for step, partitions in enumerate([(901,), (901, 902, 903)]):
        await calls.call(b"SCRIPT", b"FLUSH")
        ledgers = [await redis_state.ledger(partition) for partition in partitions]

        results = await redis_state.commit(
            [
                commit(p, ledger.next, states={"ana": b"%d" % step})
                for p, ledger in zip(partitions, ledgers, strict=True)
            ]
        )

        assert [result.applied for result in results] == [True] * len(partitions)
    await calls.close()


async def test_a_lost_reply_is_answered_by_doing_it_again_and_applies_once(redis_url: str, partition: int) -> None:
    with redis_behind_a_proxy(redis_url) as (url, proxy):
        state = RedisState.from_settings(redis_settings(url))
        await state.commit([commit(partition + 100_000)])
        await state.post(partition + 100_000, "ana", "the scripts are known", b"")
        doubtful = commit(partition, 0, 5, states={"ana": b"A"}, outgoing=[push_record()])

        with proxy.having(LOSING_REPLIES), pytest.raises(StateUnavailable):
            await state.commit([doubtful])
        [again] = await state.commit([doubtful])

        assert (again.applied, again.next) == (False, 5)
        assert await state.ledger(partition) == Ledger(5, {})
        assert len(await state.outbox(partition, 10)) == 1
        await state.close()


async def test_a_message_whose_reply_was_lost_is_posted_once(redis_url: str, partition: int) -> None:
    with redis_behind_a_proxy(redis_url) as (url, proxy):
        state = RedisState.from_settings(redis_settings(url))
        views = RedisViews.from_settings(redis_settings(redis_url))
        await state.post(partition, "bo", "the script is known", b"")

        with proxy.having(LOSING_REPLIES), pytest.raises(StateUnavailable):
            await state.post(partition, "ana", "decision", b"push")

        assert await state.post(partition, "ana", "decision", b"push") is False
        assert len(await views.inbox(partition, "ana", "", 10)) == 1
        await state.close()
        await views.close()


async def test_a_redis_that_died_is_named_and_one_that_came_back_is_used(redis: BreakableRedis) -> None:
    state = RedisState.from_settings(redis_settings(redis.url))
    await state.commit([commit(1)])
    redis.kill()

    with pytest.raises(StateUnavailable, match=r"Redis at 127\.0\.0\.1:\d+"):
        await state.commit([commit(1, 1)])
    with pytest.raises(StateUnavailable):
        await state.commit([commit(1, 1), commit(2)])
    with pytest.raises(StateUnavailable):
        await state.states(1, ["ana"])
    await state.close()


async def test_a_read_of_a_hanging_redis_is_over_at_its_deadline(redis: BreakableRedis) -> None:
    views = RedisViews.from_settings(redis_settings(redis.url, read_deadline=0.05))
    await views.ping()
    redis.pause()
    started = time.monotonic()

    for read in (views.customer(1, "ana"), views.inbox(1, "ana", "", 10), views.ping()):
        with pytest.raises(StateUnavailable, match=r"did not answer in 0\.05 s"):
            await read

    assert time.monotonic() - started < 1.0
    redis.resume()
    await _eventually(views.ping)
    await views.close()


async def test_a_hanging_redis_is_given_up_by_the_worker_too(redis: BreakableRedis) -> None:
    state = RedisState.from_settings(redis_settings(redis.url, redis_timeout=0.1))
    await state.ledger(1)
    redis.pause()

    with pytest.raises(StateUnavailable):
        await asyncio.wait_for(state.commit([commit(1)]), 5.0)
    redis.resume()
    await _eventually(lambda: state.ledger(1))
    await state.close()


async def test_replies_never_cross_when_reads_are_cancelled_under_load(redis_url: str, partition: int) -> None:
    state = RedisState.from_settings(redis_settings(redis_url))
    customers = [f"customer-{number}" for number in range(50)]
    await state.commit([commit(partition, states={name: name.encode() for name in customers})])
    views = RedisViews.from_settings(redis_settings(redis_url))
    wrong: list[tuple[str, object]] = []
    cancelled = 0

    async def read(name: str) -> None:
        found = await views.customer(partition, name)
        if found != name.encode():
            wrong.append((name, found))

    for round_number in range(40):
        reads = [asyncio.create_task(read(name)) for name in customers]
        await asyncio.sleep(0.0002 * (round_number % 7))
        for task in reads[round_number % 3 :: 3]:
            cancelled += task.cancel()
        await asyncio.gather(*reads, return_exceptions=True)

    assert cancelled > 100
    assert wrong == []
    assert await asyncio.gather(*(views.customer(partition, name) for name in customers)) == [
        name.encode() for name in customers
    ]
    await views.close()
    await state.close()


async def test_a_full_redis_refuses_whole_and_says_what_to_do(redis: BreakableRedis) -> None:
    state = RedisState.from_settings(redis_settings(redis.url))
    await state.commit([commit(1, 0, 1, states={"ana": b"A"})])
    redis.admin.config_set("maxmemory", "1mb")

    with pytest.raises(StateUnavailable, match="raise its maxmemory"):
        await state.commit([commit(1, 1, 2, states={"ana": b"B" * 1000}, outgoing=[push_record()])])

    assert await state.states(1, ["ana"]) == [b"A"]
    assert await state.ledger(1) == Ledger(1, {})
    assert await state.outbox(1, 10) == []
    await state.close()


async def test_a_replica_is_told_from_a_primary(redis: BreakableRedis) -> None:
    state = RedisState.from_settings(redis_settings(redis.url))
    redis.admin.replicaof("127.0.0.1", "1")

    with pytest.raises(StateUnavailable, match="point CAUDAL_REDIS_URL at the primary"):
        await state.commit([commit(1)])
    await state.close()


async def test_a_foreign_value_under_our_key_is_no_crash(redis: BreakableRedis) -> None:
    state = RedisState.from_settings(redis_settings(redis.url))
    redis.admin.set("{p1}:ledger", "not a ledger")
    redis.admin.xadd("{p2}:outbox", {"r": b"not msgpack \xff"})

    with pytest.raises(StateUnavailable, match="does another application use this database"):
        await state.ledger(1)
    with pytest.raises(StateUnavailable, match="is not ours"):
        await state.outbox(2, 10)
    await state.close()


async def test_listeners_hear_again_after_redis_was_cut_off(redis_url: str, partition: int) -> None:
    state = RedisState.from_settings(redis_settings(redis_url))
    with redis_behind_a_proxy(redis_url) as (url, proxy):
        views = RedisViews.from_settings(redis_settings(url))
        with views.listen(partition, "ana") as ana:
            assert await ana.wait(5.0)
            with proxy.having(LOSING_REPLIES):
                await state.post(partition, "ana", "lost", b"")
                await asyncio.sleep(0.1)

            assert await ana.wait(5.0), "woken by the new subscription, since something may have been missed"
            await state.post(partition, "ana", "heard", b"")
            assert await ana.wait(5.0)
        await views.close()
    await state.close()


async def test_listeners_of_a_quiet_shop_keep_their_connection(
    redis: BreakableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakes, "QUIET", 0.05)
    state, views = (
        RedisState.from_settings(redis_settings(redis.url)),
        RedisViews.from_settings(redis_settings(redis.url)),
    )
    with views.listen(1, "ana") as ana:
        assert await ana.wait(5.0)
        await state.ledger(1)
        connections = redis.admin.info("stats")["total_connections_received"]
        await asyncio.sleep(0.5)
        assert await ana.wait(0.0) is False
        assert redis.admin.info("stats")["total_connections_received"] == connections + 1, "that of this question alone"
        await state.post(1, "ana", "heard", b"")
        assert await ana.wait(5.0)
    await views.close()
    await state.close()


async def test_waiting_for_news_ends_quietly_while_redis_is_down() -> None:
    views = RedisViews.from_settings(redis_settings("redis://127.0.0.1:1/0"))
    with views.listen(1, "ana") as ana:
        assert await ana.wait(0.05) is False
    await views.close()


@pytest.mark.parametrize(
    ("policy", "maxmemory", "fit"),
    [
        ("noeviction", "0", True),
        ("noeviction", "100mb", True),
        ("volatile-lru", "0", True),
        ("volatile-ttl", "100mb", False),
        ("allkeys-lru", "0", False),
        ("allkeys-lfu", "100mb", False),
    ],
)
async def test_a_redis_that_may_forget_customers_is_refused(
    redis: BreakableRedis, policy: str, maxmemory: str, fit: bool
) -> None:
    redis.admin.config_set("maxmemory", maxmemory)
    redis.admin.config_set("maxmemory-policy", policy)
    calls = Calls(redis.url, timeout=5.0)

    if fit:
        await check_fit(calls)
    else:
        with pytest.raises(UnfitRedis, match="Set `maxmemory-policy noeviction`"):
            await check_fit(calls)
    await calls.close()


async def test_a_redis_that_lets_nobody_look_is_taken_as_it_is(redis: BreakableRedis) -> None:
    redis.admin.execute_command("ACL", "SETUSER", "bo", "on", ">word", "~*", "+@all", "-info", "-cluster")  # type: ignore[no-untyped-call]
    calls = Calls(redis.url.replace("redis://", "redis://bo:word@"), timeout=5.0)
    await check_fit(calls)
    assert await calls.call(b"PING") == b"PONG"
    await calls.close()


async def test_a_database_that_is_not_there_is_refused(redis: BreakableRedis) -> None:
    calls = Calls(redis.url.removesuffix("/0") + "/99", timeout=5.0)
    with pytest.raises(UnfitRedis, match="no such database"):
        await check_fit(calls)
    await calls.close()


async def test_who_may_not_log_in_is_told_so_at_once(redis: BreakableRedis) -> None:
    redis.admin.execute_command("ACL", "SETUSER", "bo", "on", ">right", "~*", "+@all")  # type: ignore[no-untyped-call]
    calls = Calls(redis.url.replace("redis://", "redis://bo:secret@"), timeout=5.0)
    with pytest.raises(UnfitRedis, match="password in CAUDAL_REDIS_URL is wrong") as raised:
        await check_fit(calls)
    assert "secret" not in str(raised.value)
    await calls.close()


async def test_a_redis_that_does_not_speak_tls_is_suspected_of_it(redis: BreakableRedis) -> None:
    calls = Calls(redis.url.replace("redis://", "rediss://"), timeout=0.5)
    with pytest.raises(StateUnavailable, match="does this server speak TLS"):
        await calls.call(b"PING")
    await calls.close()


def test_an_option_that_is_none_is_told_before_anything_is_connected() -> None:
    with pytest.raises(ValueError, match="CAUDAL_REDIS_URL has an option that is none"):
        Calls("redis://127.0.0.1:1/0?nonsense=1", timeout=1.0)


async def test_a_redis_that_is_told_to_forget_customers_is_noticed_while_it_is_used(redis: BreakableRedis) -> None:
    calls = Calls(redis.url, timeout=5.0)
    watching = asyncio.create_task(watch_fit(calls, every=0.01))
    await asyncio.sleep(0.1)
    assert not watching.done()
    redis.admin.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(UnfitRedis, match="Set `maxmemory-policy noeviction`"):
        await asyncio.wait_for(watching, 5.0)
    await calls.close()


async def test_no_password_is_told_in_a_fault() -> None:
    calls = Calls("redis://user:secret@127.0.0.1:1/0", timeout=1.0)

    with pytest.raises(StateUnavailable) as raised:
        await calls.call(b"PING")
    assert "secret" not in str(raised.value)
    await calls.close()


async def _eventually(action: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await action()  # type: ignore[operator]
        except StateUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return
