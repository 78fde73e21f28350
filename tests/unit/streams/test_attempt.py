"""What callers share ends for all of them with a fault, and is nobody's own cancellation."""

import asyncio

import pytest

from streams.state.attempt import Attempt


async def never() -> None:
    await asyncio.Event().wait()


async def test_who_waits_for_what_is_closed_hears_of_a_fault() -> None:
    attempt = Attempt(never)
    waiting = asyncio.create_task(attempt())
    await asyncio.sleep(0)
    await attempt.close()
    with pytest.raises(ConnectionAbortedError):
        await waiting


async def test_who_gives_up_ends_it_for_nobody_else() -> None:
    attempt = Attempt(never)
    leaving, staying = asyncio.create_task(attempt()), asyncio.create_task(attempt())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert not staying.done()
    await attempt.close()
    with pytest.raises(ConnectionAbortedError):
        await staying
