"""A pace: the first goes at once, those who come meanwhile go together, in the next round."""

import asyncio
from itertools import pairwise

import pytest

from streams.topics.pace import CROWD, Pace

APART = 0.05
"""Seconds; long beside what a turn of the event loop takes."""

EARLY = 0.005
"""Seconds by which a timer may go off before its time."""


def passes_at_once(pace: Pace) -> None:
    """Fails where the turn waits for anything."""
    turn = pace.turn()
    with pytest.raises(StopIteration):
        turn.send(None)


async def test_after_a_silence_the_first_goes_at_once() -> None:
    pace = Pace(APART)
    passes_at_once(pace)
    await asyncio.sleep(APART + EARLY)
    passes_at_once(pace)


async def test_those_who_come_meanwhile_go_together() -> None:
    pace = Pace(APART)
    await pace.turn()
    waiting = [asyncio.create_task(pace.turn()) for _ in range(3)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0)
    assert all(each.done() for each in waiting)


async def test_rounds_are_never_closer_than_the_pace() -> None:
    pace, loop = Pace(APART), asyncio.get_running_loop()
    begun = []
    for _ in range(4):
        await pace.turn()
        begun.append(loop.time())
    assert all(later - earlier >= APART - EARLY for earlier, later in pairwise(begun))


async def test_one_who_gives_up_holds_up_nobody() -> None:
    pace = Pace(APART)
    await pace.turn()
    impatient, patient = asyncio.create_task(pace.turn()), asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait_for(patient, 100 * APART)
    assert impatient.cancelled()


async def test_a_crowd_does_not_wait() -> None:
    pace = Pace(3600.0)
    await pace.turn()
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    for _ in range(CROWD - 1):
        pace.count()
    assert not waiting.done()
    pace.count()
    await waiting
    for _ in range(CROWD):
        pace.count()
    passes_at_once(pace)


async def test_without_a_pace_everybody_passes() -> None:
    pace = Pace()
    for _ in range(3):
        passes_at_once(pace)
