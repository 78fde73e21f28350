"""A worker process: everything is started in order, watched while it runs, and stopped in order, or hard."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack

import structlog
import uvloop
from prometheus_client import start_http_server

from recommender.warm_up import compile_all
from streams import faults
from streams.app import Worker, build
from streams.faust_app import assigned
from streams.garbage import settle
from streams.incarnations import UnfitTopics
from streams.patience import patiently, tell
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS

log = structlog.get_logger()

RECONCILE_EVERY = 2.0
"""Seconds between two looks at whether Redis still stands where Kafka believes it does."""

BEAT_EVERY = 0.5
"""Seconds between two signs of the event loop to the watchdog."""

MODEL_EVERY = 2.0
"""Seconds between two looks for a newer model."""

CRASHED = 70
"""Exit status of a worker that could not go on (EX_SOFTWARE)."""


async def work(worker: Worker) -> int:
    """Runs until SIGTERM, SIGINT or a crash; the process's exit status."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop(_number: int, _frame: object) -> None:
        """A stop that takes too long ends hard: the ledger makes that safe, a hanging rebalance would not be. Not a
        handler of the event loop, which may be what hangs."""
        worker.watchdog.end_within(worker.settings.stop_timeout)
        loop.call_soon_threadsafe(stopping.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker.watchdog.start()
    async with AsyncExitStack() as stack:
        _spawn(stack, _beat(worker))
        await _start(worker, stack)
        await _until_over(worker, stopping)
    return CRASHED if worker.app.crashed else 0


async def _start(worker: Worker, stack: AsyncExitStack) -> None:
    if worker.settings.metrics_port:
        start_http_server(worker.settings.metrics_port, "127.0.0.1", worker.meters.registry)
    stack.push_async_callback(worker.state.close)
    await patiently("redis", worker.state.check_fit)
    stack.callback(worker.topics.broker.close)
    await patiently("topics", worker.topics.check)
    await worker.publisher.start()
    stack.push_async_callback(worker.publisher.stop)
    await worker.follower.start()
    stack.push_async_callback(worker.follower.stop)
    await worker.follower.caught_up()
    await asyncio.to_thread(_warm_up, worker)
    # Compiling takes a minute the first time, and Faust does not wait for a Kafka that went away meanwhile: it ends.
    await patiently("topics", worker.topics.check)
    await worker.models.refresh()
    for task in _background(worker):
        _spawn(stack, task)
    settle()
    worker.app.finalize()
    stack.callback(worker.journey.stragglers.close)
    stack.push_async_callback(worker.app.stop)
    await worker.app.start()
    log.info("worker ready", group=worker.settings.group, broker=worker.settings.broker)


def _warm_up(worker: Worker) -> None:
    """Compiled here, the first events of a new machine wait; compiled at the first batch, the event loop hangs."""
    log.info("compiling kernels", note="once per machine: a minute of one core; afterwards they are on the disk")
    began = time.monotonic()
    compile_all(worker.models.current)
    log.info("kernels compiled", seconds=round(time.monotonic() - began, 1))


def _background(worker: Worker) -> tuple[Coroutine[None, None, None], ...]:
    """What goes on beside the agents."""
    return (
        worker.models.watch(MODEL_EVERY),
        worker.relay.run(),
        worker.topics.watch(),
        worker.journey.snapshots.run(),
        worker.timers.run(),
        *((worker.learner.run(),) if worker.learner is not None else ()),
        *((worker.clicks.run(),) if worker.clicks is not None else ()),
        _reconcile(worker),
    )


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
    """A background task that ends by an exception leaves the worker half alive: better it is gone."""
    fault = None if task.cancelled() else task.exception()
    if isinstance(fault, UnfitTopics):
        log.critical("these topics are not those of the state", fault=str(fault))
    elif fault is not None:
        tell("background", fault)
    if fault is not None:
        os._exit(CRASHED)


async def _until_over(worker: Worker, stopping: asyncio.Event) -> None:
    over = (asyncio.create_task(stopping.wait()), asyncio.create_task(worker.app.wait_until_stopped()))
    await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
    for task in over:
        task.cancel()


def run(settings: Settings) -> int:
    """`caudal worker`: blocks until stopped; the process's exit status."""
    faults.arm(os.environ)
    uvloop.install()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(work(build(settings)))
