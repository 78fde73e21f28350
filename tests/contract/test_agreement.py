"""Redis and memory agree on every history of commits: what was applied, and what is there afterwards."""

import asyncio
from dataclasses import replace
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.state import Commit, Outgoing, State
from streams.state.memory import MemoryState
from streams.state.redis import RedisState
from tests.contract.conftest import redis_settings

CUSTOMERS = ["ana", "bo", "cy"]
SOURCES = [("events.web", 0), ("events.web", 1), ("deliveries", 0)]

_partitions = count(500_000)

blobs = st.binary(max_size=20)
outgoing = st.builds(
    Outgoing, st.sampled_from(["promotions", "journeys"]), st.sampled_from([b"ana", b"bo"]), st.none() | blobs
)


@st.composite
def commits(draw: st.DrawFn) -> Commit:
    first = draw(st.integers(0, 6))
    return Commit(
        partition=0,
        first=first,
        next=first + draw(st.integers(0, 3)),
        marks=draw(st.dictionaries(st.sampled_from(SOURCES), st.integers(0, 1 << 40), max_size=3)),
        states=draw(st.dictionaries(st.sampled_from(CUSTOMERS), blobs, max_size=3)),
        slates=draw(st.dictionaries(st.sampled_from(CUSTOMERS), blobs, max_size=3)),
        outgoing=draw(st.lists(outgoing, max_size=3)),
        due=draw(st.dictionaries(st.sampled_from(CUSTOMERS), st.integers(0, 9), max_size=3)),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(commits(), max_size=12))
def test_redis_and_memory_agree_on_every_history(redis_url: str, history: list[Commit]) -> None:
    async def told(state: State, partition: int) -> object:
        moved = [replace(commit, partition=partition) for commit in history]
        results = [result for commit in moved for result in await state.commit([commit])]
        return (
            [(result.applied, result.next, bool(result.outbox)) for result in results],
            await state.ledger(partition),
            await state.states(partition, CUSTOMERS),
            await state.slates(partition, CUSTOMERS),
            [entry.outgoing for entry in await state.outbox(partition, 100)],
            [found and list(found.items()) for found in await state.due([partition], 5, 2)],
        )

    async def both() -> tuple[object, object]:
        state = RedisState.from_settings(redis_settings(redis_url))
        try:
            return await told(state, next(_partitions)), await told(MemoryState(), 0)
        finally:
            await state.close()

    in_redis, in_memory = asyncio.run(both())
    assert in_redis == in_memory
