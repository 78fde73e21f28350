"""The phases of a run: history while the model is trained, the replay beside the shop floor, the recount."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from caudal.demo.connections import Connections, connected
from caudal.demo.door import Door
from caudal.demo.figures import Figures
from caudal.demo.floor import Floor
from caudal.demo.gauges import read_gauges
from caudal.demo.history import History
from caudal.demo.messages import customer_of
from caudal.demo.recount import Recount, recount, states_of
from caudal.demo.replay import Replay
from caudal.demo.run import Run
from caudal.demo.screen import Screen
from caudal.demo.taste import LENGTH
from caudal.system import read
from retail.customers import CustomerState

T = TypeVar("T")

WATCH_EVERY = 0.25
"""Seconds between two looks at the worker's figures and at whether every process is alive."""

SETTLE_EVERY = 0.5
"""Seconds between two recounts at the end."""

GIVEN_UP_AFTER = 15.0
"""Seconds without a change after which what is missing is taken for lost."""


async def play(run: Run) -> tuple[Figures, Floor]:
    """Raises ChildFailed, TrainingFailed, Refused, PublishFailed, StateUnavailable."""
    screen = Screen(run.console)
    async with connected(run) as to:
        with screen.open():
            return await _while_watched(_phases(run, to), _watch(run, screen))


async def _phases(run: Run, to: Connections) -> tuple[Figures, Floor]:
    before = await _states(run, to)
    async with asyncio.TaskGroup() as group:
        group.create_task(_first_slate(run, to.door))
        await _history(run, to)
    await _model(run)
    floor = Floor(to.door, run.name)
    async with asyncio.TaskGroup() as group:
        group.create_task(floor.play(run.walkers, _pause(run)))
        group.create_task(_replay(run, to.door))
    result = await _settled(run, to, before)
    return await _figures(run, to, result), floor


async def _history(run: Run, to: Connections) -> None:
    """Until all of it is applied; gives the run its rate."""
    _phase(run, "history, straight to Kafka", len(run.past))
    started, before = monotonic(), run.stand.gauges.applied
    sending = asyncio.create_task(History(to.publisher, run.journal).play(run.past, run.name))
    while (applied := run.stand.gauges.applied - before) < len(run.past):
        if sending.done():
            sending.result()
        run.stand.done = applied
        await asyncio.sleep(WATCH_EVERY / 2)
    run.rate = len(run.past) / (monotonic() - started)
    await sending


async def _first_slate(run: Run, door: Door) -> None:
    """Tells when a slate can be read that knows of something the customer did."""
    customer = customer_of(run.past[0])
    while True:
        slate = await door.recommendations(customer, "", LENGTH)
        if slate.items and slate.version:
            break
        await asyncio.sleep(WATCH_EVERY)
    run.console.print(f"The first slate is readable {monotonic() - run.started:.0f} s after the start.")


async def _model(run: Run) -> None:
    """Until worker and gateway serve with the model."""
    while not run.training.over:
        run.stand.doing = f"training on the months before: {run.training.doing.strip()}"
        await asyncio.sleep(WATCH_EVERY)
    run.stand.doing = "taking up the model"
    while not run.system.has_model:  # noqa: ASYNC110 - other processes tell by their logs, there is nothing to await
        await asyncio.sleep(WATCH_EVERY)


async def _replay(run: Run, door: Door) -> None:
    _phase(run, "replay, through the gateway", len(run.present))
    replay = Replay(door, run.taste, run.speed, run.name, run.unmeasured)

    def watch() -> None:
        run.stand.done = replay.played

    await replay.play(run.present, watch)
    _phase(run, "the last walkers, and the recount", len(run.present))
    run.stand.done = replay.played


async def _settled(run: Run, to: Connections, before: Mapping[str, CustomerState]) -> Recount:
    """The recount once it is clean, or once nothing moves any more."""
    last, changed = (-1, -1), monotonic()
    while True:
        heard = await asyncio.to_thread(to.ear.listen)
        after = await _states(run, to)
        result = recount(run.journal, to.ear.tally, before, after)
        if not (result.lost or result.doubled or heard):
            return result
        if last != (last := (sum(state.version for state in after.values()), heard)):
            changed = monotonic()
        if monotonic() - changed > GIVEN_UP_AFTER:
            return result
        await asyncio.sleep(SETTLE_EVERY)


async def _figures(run: Run, to: Connections, result: Recount) -> Figures:
    return Figures(
        events=result.events,
        applied=result.applied,
        lost=result.lost,
        doubled=result.doubled,
        rejected=result.rejected,
        slates=await asyncio.to_thread(to.ear.slates),
        pushes=len(to.ear.tally.pushes),
        withheld=to.ear.tally.withheld_by_reason,
        events_per_second=round(run.rate, 1),
        hit_rate_at_10=round(run.taste.hit_rate, 4),
        popularity_hit_rate_at_10=round(run.taste.popular_hit_rate, 4),
        seconds=round(monotonic() - run.started, 1),
    )


async def _states(run: Run, to: Connections) -> dict[str, CustomerState]:
    return await states_of(run.customers, to.state, run.system.settings.customer_partitions)


async def _watch(run: Run, screen: Screen) -> None:
    """Renews the display. Raises ChildFailed where a process of the system is gone."""
    while True:
        run.system.check()
        run.stand.gauges = read_gauges(await asyncio.to_thread(read, run.system.metrics))
        screen.show(run.stand)
        await asyncio.sleep(WATCH_EVERY)


async def _while_watched(work: Coroutine[None, None, T], watch: Coroutine[None, None, None]) -> T:
    """What the work comes to; whichever raises first ends both."""
    working, watching = asyncio.create_task(work), asyncio.create_task(watch)
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
        return working.result()
    finally:
        for task in (working, watching):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


def _phase(run: Run, doing: str, total: int) -> None:
    run.stand.doing, run.stand.done, run.stand.total = doing, 0, total


def _pause(run: Run) -> float:
    """Seconds between two walkers, so that the floor lasts about as long as the replay."""
    receipts = run.present
    lasts = (int(receipts.at[-1]) - int(receipts.at[0])) / 1000 / run.speed if len(receipts) else 0.0
    return lasts / max(1, len(run.walkers))
