"""What Redis tells of itself, of the ledgers and of the outboxes. Reads only."""

import asyncio
import time
from collections.abc import Mapping
from typing import cast

from streams.settings import Settings
from streams.state import keys
from streams.state.calls import Calls
from streams.state.checks import UnfitRedis, check_fit
from streams.state.incarnations import Incarnations
from streams.status import Store

OVERDUE = 60.0
"""Seconds past its moment after which a timer is called overdue; a worker looks every second."""

TIMEOUT = 2.0
"""Seconds for an answer; an operator waits."""


async def look(settings: Settings) -> tuple[Store, Mapping[str, str]]:
    """And the incarnations of the topics that the state was made from. Raises StateUnavailable."""
    calls = Calls(settings.redis_url, timeout=TIMEOUT)
    try:
        told = await _info(calls)
        unfit = await _unfit(calls)
        numbers = range(settings.customer_partitions)
        ledgers = await asyncio.gather(*(calls.call(b"HGET", keys.ledger(number), b"next") for number in numbers))
        outboxes = await asyncio.gather(*(calls.call(b"XLEN", keys.outbox(number)) for number in numbers))
        past = int((time.time() - OVERDUE) * 1000)
        overdue = await asyncio.gather(*(calls.call(b"ZCOUNT", keys.due(n), b"-inf", past) for n in numbers))
        known = await Incarnations(calls).known()
    finally:
        await calls.close()
    return (
        Store(
            version=told.get("valkey_version") or told.get("redis_version", ""),
            role=told.get("role", ""),
            policy=told.get("maxmemory_policy", ""),
            used=int(told.get("used_memory", 0)),
            limit=int(told.get("maxmemory", 0)),
            ledgers={number: int(cast(bytes, next_) or 0) for number, next_ in zip(numbers, ledgers, strict=True)},
            outboxes=dict(zip(numbers, cast(list[int], outboxes), strict=True)),
            overdue=sum(cast(list[int], overdue)),
            troubles=(unfit,) if unfit else (),
        ),
        known,
    )


async def _unfit(calls: Calls) -> str:
    try:
        await check_fit(calls)
    except UnfitRedis as fault:
        return str(fault)
    return ""


async def _info(calls: Calls) -> dict[str, str]:
    """Of a cluster, what one of its nodes says."""
    reply = cast(bytes, await calls.call(b"INFO")).decode(errors="replace")
    lines = (line.partition(":") for line in reply.splitlines() if not line.startswith("#"))
    return {name: value.strip() for name, separator, value in lines if separator}
