"""A worker process: everything is started in order, watched while it runs, and stopped in order, or hard."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from functools import partial

import structlog
import uvloop
from prometheus_client import start_http_server

from recommender.kernel_store import are_kept, ready_kernels
from streams.app import Worker, build
from streams.faust_app import assigned
from streams.garbage import settle
from streams.incarnations import UnfitTopics
from streams.patience import patiently, tell
from streams.settings import Settings
from streams.state.checks import UnfitRedis, watch_fit
from streams.topics import CUSTOMER_EVENTS
from streams.topics.endless import endless
from streams.topics.lost_lines import heed_lost_lines

log = structlog.get_logger()

RECONCILE_EVERY = 2.0
"""Seconds between two looks at whether Redis still stands where Kafka believes it does."""

BEAT_EVERY = 0.5
"""Seconds between two signs of the event loop to the watchdog."""

MODEL_EVERY = 2.0
"""Seconds between two looks for a newer model."""

CRASHED = 70
"""Exit status of a worker that could not go on (EX_SOFTWARE)."""


class PortTaken(Exception):
    """The message says which."""


async def work(worker: Worker, signals: Collection[signal.Signals]) -> int:
    """Runs until one of the signals, or a crash; the process's exit status."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop(_number: int, _frame: object) -> None:
        """A stop that takes too long ends hard: the ledger makes that safe, a hanging rebalance would not be. Not a
        handler of the event loop, which may be what hangs."""
        worker.watchdog.end_within(worker.settings.stop_timeout)
        loop.call_soon_threadsafe(stopping.set)

    for number in signals:
        signal.signal(number, stop)
    worker.watchdog.start()
    async with AsyncExitStack() as stack:
        _spawn(stack, endless("beat", partial(_beat, worker)))
        await _unless(stopping, _start(worker, stack))
        if not stopping.is_set():
            await _until_over(worker, stopping)
    return CRASHED if worker.app.crashed else 0


async def _unless(stopping: asyncio.Event, starting: Coroutine[None, None, None]) -> None:
    """A start may wait for ever, for Kafka or for Redis: who is told to stop meanwhile does not wait any more."""
    start, stop = asyncio.create_task(starting), asyncio.create_task(stopping.wait())
    await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not start.done():
        start.cancel()
        await asyncio.wait((start,))
    if not start.cancelled():
        start.result()


async def _start(worker: Worker, stack: AsyncExitStack) -> None:
    _show_metrics(worker)
    stack.push_async_callback(worker.state.close)
    await patiently("redis", worker.state.check_fit)
    stack.callback(worker.topics.broker.close)
    await patiently("topics", worker.topics.check)
    await worker.publisher.start()
    stack.push_async_callback(worker.publisher.stop)
    await worker.follower.start()
    stack.push_async_callback(worker.follower.stop)
    await worker.follower.caught_up()
    await _warm_up(worker)
    # Compiling takes a minute the first time: what was deleted meanwhile is better told of before anything is read.
    await patiently("topics", worker.topics.check)
    await _first_look(worker)
    for name, job in _background(worker).items():
        _spawn(stack, endless(name, job))
    for task in _vital(worker):
        _spawn(stack, task)
    settle()
    worker.app.finalize()
    stack.callback(worker.journey.stragglers.close)
    stack.push_async_callback(worker.app.stop)
    await worker.app.start()
    log.info("worker ready", group=worker.settings.group, broker=worker.settings.broker)


def _show_metrics(worker: Worker) -> None:
    """Raises PortTaken."""
    port = worker.settings.metrics_port
    try:
        if port:
            start_http_server(port, "127.0.0.1", worker.meters.registry)
    except OSError as fault:
        raise PortTaken(
            f"no metrics at port {port}: {fault.strerror}. Every worker of a machine needs its own CAUDAL_METRICS_PORT"
        ) from fault


async def _warm_up(worker: Worker) -> None:
    """Compiled here, the first events of a new machine wait; compiled at the first batch, the event loop hangs."""
    log.info("readying kernels", on_disk=are_kept(), note="compiled once per machine: a minute of one core")
    began = time.monotonic()
    await ready_kernels(worker.models.current)
    log.info("kernels ready", seconds=round(time.monotonic() - began, 1))


async def _first_look(worker: Worker) -> None:
    """The first decisions want a model, where there is one; what fails here is done again in the background."""
    try:
        await worker.models.refresh()
    except Exception as fault:  # noqa: BLE001 - without a model decisions are poorer; without the worker there are none
        tell("models", fault)


def _background(worker: Worker) -> dict[str, Callable[[], Awaitable[None]]]:
    """What goes on beside the agents; each begins anew where it failed, none holds anything that would be lost."""
    return {
        "models": partial(worker.models.watch, MODEL_EVERY),
        "snapshots": worker.journey.snapshots.run,
        "timers": worker.timers.run,
        **({"clicks of all": worker.learner.run} if worker.learner is not None else {}),
        **({"clicks": worker.clicks.run} if worker.clicks is not None else {}),
        "reconcile": partial(_reconcile, worker),
    }


def _vital(worker: Worker) -> tuple[Coroutine[None, None, None], ...]:
    """What ends the worker when it fails: the relay, whose entries the next owner finds in the outbox, and the looks at
    topics that are not ours and at a Redis that would forget."""
    return worker.relay.run(), worker.topics.watch(), watch_fit(worker.state.calls)


def _spawn(stack: AsyncExitStack, task: Coroutine[None, None, None]) -> None:
    running = asyncio.create_task(task)
    running.add_done_callback(_report)
    stack.callback(running.cancel)


async def _reconcile(worker: Worker) -> None:
    while True:
        await asyncio.sleep(RECONCILE_EVERY)
        mine = {} if worker.app.rebalancing else assigned(worker.app)
        await worker.journey.reconcile({tp.partition: n for tp, n in mine.items() if tp.topic == CUSTOMER_EVENTS.name})


async def _beat(worker: Worker) -> None:
    while True:
        worker.watchdog.beat()
        worker.standing.look()
        await asyncio.sleep(BEAT_EVERY)


def _report(task: asyncio.Task[None]) -> None:
    """A vital task that ended by an exception leaves the worker half alive: better it is gone."""
    fault = None if task.cancelled() else task.exception()
    if isinstance(fault, UnfitTopics):
        log.critical("these topics are not those of the state", fault=str(fault))
    elif isinstance(fault, UnfitRedis):
        log.critical("this Redis is not fit to keep state any more", fault=str(fault))
    elif fault is not None:
        tell("background", fault)
    if fault is not None:
        os._exit(CRASHED)


async def _until_over(worker: Worker, stopping: asyncio.Event) -> None:
    over = (asyncio.create_task(stopping.wait()), asyncio.create_task(worker.app.wait_until_stopped()))
    await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
    for task in over:
        task.cancel()


def run(settings: Settings, signals: Collection[signal.Signals]) -> int:
    """`caudal worker`: blocks until stopped by one of the signals; the process's exit status."""
    uvloop.install()
    heed_lost_lines()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    status = loop.run_until_complete(work(build(settings), signals))
    for number in signals:  # on its way out, Python would let a second one end the process badly
        signal.signal(number, signal.SIG_IGN)
    return status
