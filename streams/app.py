"""The worker's composition root: builds the agents and everything they need, runs them, and stops them in order.

events.* , deliveries ──► identify ──► customer-events ──► journey ──► Redis (state, slates, outbox)
promotions ──► deliver ──► app inbox, deliveries                            └──► relay ──► recommendations, ...
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import faust
import structlog
import uvloop
from faust.types import TP
from prometheus_client import start_http_server

from recommender import promote
from retail.reference import Reference
from streams import faults
from streams.deliver import Deliver
from streams.garbage import settle
from streams.identify import Identify
from streams.incarnations import Topics, UnfitTopics
from streams.journey import Deciding, Journey
from streams.meters import Meters
from streams.microbatch import World
from streams.ownership import Ownership
from streams.patience import WAITS, patiently, tell
from streams.records import Fetched, FetchedSchema, RecordBatchConsumer, RecordBatchTransport, known_end
from streams.relay import Relay
from streams.repair import Repair, Told
from streams.settings import Settings
from streams.shedding import Shedding
from streams.snapshot_rounds import SnapshotRounds
from streams.standing import Sources, Standing, StandingCollector
from streams.state.incarnations import Incarnations
from streams.state.models import ModelShelf
from streams.state.redis import RedisState
from streams.timers import Timers
from streams.topics import CUSTOMER_EVENTS, PROMOTIONS, SOURCES
from streams.topics.cut import TopicsAtBroker
from streams.topics.follower import Follower
from streams.topics.publisher import Publisher
from streams.watchdog import Watchdog

log = structlog.get_logger()

READERS = {
    **{topic.name: "identify" for topic in SOURCES},
    CUSTOMER_EVENTS.name: "journey",
    PROMOTIONS.name: "deliver",
}
"""Topic to the agent that reads it."""

RECONCILE_EVERY = 2.0
"""Seconds between two looks at whether Redis still stands where Kafka believes it does."""

BEAT_EVERY = 0.5
"""Seconds between two signs of the event loop to the watchdog."""

MODEL_EVERY = 2.0
"""Seconds between two looks for a newer model."""

CRASHED = 70
"""Exit status of a worker that could not go on (EX_SOFTWARE)."""


@dataclass(frozen=True)
class Worker:
    """Everything one worker process consists of, not yet started."""

    settings: Settings
    app: faust.App
    publisher: Publisher
    follower: Follower
    models: ModelShelf
    relay: Relay
    journey: Journey
    meters: Meters
    state: RedisState
    topics: Topics
    watchdog: Watchdog
    standing: Standing


def build(settings: Settings) -> Worker:
    """Wires a worker; nothing is connected yet."""
    app = _faust_app(settings)
    transport = RecordBatchTransport(
        app.conf.broker_consumer, app, readers=READERS, fetch_wait_ms=settings.fetch_wait_ms
    )
    transport.pace = settings.fetch_pace_ms / 1000
    app.transport = transport
    meters = Meters()
    state = RedisState.from_settings(settings)
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    reference = Reference()
    world = World(reference)
    models = ModelShelf(settings.models)
    relay = Relay(state, publisher)
    shedding = Shedding(settings.slates, settings.slate_lag_budget)
    owned = Ownership(settings.kept_states, settings.customer_partitions)
    journey = Journey(
        state=state,
        relay=relay,
        repair=Repair.from_settings(settings, state, owned, Told(meters, transport.progress)),
        deciding=Deciding(world, models, shedding),
        progress=transport.progress,
        meters=meters,
        owned=owned,
        snapshots=SnapshotRounds.from_settings(settings, state, owned, meters),
    )
    transport.owner = journey
    identify = Identify(publisher, transport.progress, meters, settings.customer_partitions)
    deliver = Deliver(state, publisher, reference, world.gate, transport.progress, meters, settings.customer_partitions)
    _bind(app, "identify", identify.run)
    _bind(app, "journey", journey.run)
    _bind(app, "deliver", deliver.run)
    follower = Follower(settings.broker, reference)
    topics = Topics(settings, TopicsAtBroker(settings.broker), Incarnations(state.calls))
    watchdog = Watchdog(
        settings.broker, settings.stall_timeout, transport.progress, lambda: _assigned(app), lambda: WAITS.any
    )
    standing = _standing(app, watchdog, owned)
    meters.registry.register(StandingCollector(standing, relay.depths))
    return Worker(settings, app, publisher, follower, models, relay, journey, meters, state, topics, watchdog, standing)


def _assigned(app: faust.App) -> Mapping[TP, int]:
    """Partitions of this worker, with the offset that Kafka holds as committed."""
    consumer = app.consumer
    return consumer.committed() if isinstance(consumer, RecordBatchConsumer) else {}


def _standing(app: faust.App, watchdog: Watchdog, owned: Ownership) -> Standing:
    """The log's end by what was fetched last, and by what the watchdog asked: who hangs fetches nothing any more."""
    known = Sources(
        lambda: _assigned(app), lambda place: (known_end(app.consumer, place), watchdog.ends.get(place)), owned.known
    )
    return Standing(known, watchdog.progress)


class _App(faust.App):
    """Faust without the folder for its tables: there are none."""

    async def on_first_start(self) -> None:
        pass


def _faust_app(settings: Settings) -> faust.App:
    """Faust without its web server, tables, leader election, topic creation and serializers."""
    return _App(
        settings.group,
        # Who has which partition is then told by host and process: `caudal status`, and Kafka's own tools.
        broker_client_id=f"caudal-{socket.gethostname()}-{os.getpid()}",
        broker=[f"kafka://{address.strip()}" for address in settings.broker.split(",")],
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=True,
        stream_buffer_maxsize=2,
        broker_commit_interval=1.0,
        broker_max_poll_records=settings.fetch_records,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 3,
        broker_request_timeout=max(30.0, settings.session_timeout),
        consumer_auto_offset_reset="earliest",
    )


def _bind(app: faust.App, name: str, run: Callable[[AsyncIterable[Fetched]], Awaitable[None]]) -> None:
    topics = [topic for topic, reader in READERS.items() if reader == name]
    channel = app.topic(*topics, schema=FetchedSchema())
    app.agent(channel, name=name, concurrency=1)(run)


async def work(worker: Worker) -> int:
    """Runs until SIGTERM, SIGINT or a crash; the process's exit status."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, worker, stopping)
    async with AsyncExitStack() as stack:
        await _start(worker, stack)
        await _until_over(worker, stopping)
    return CRASHED if worker.app.crashed else 0


def _stop(worker: Worker, stopping: asyncio.Event) -> None:
    """A stop that takes too long ends hard: the ledger makes that safe, a hanging rebalance would not be."""
    stopping.set()
    deadline = threading.Timer(worker.settings.stop_timeout, os._exit, (CRASHED,))
    deadline.daemon = True
    deadline.start()


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
    await asyncio.to_thread(promote.warm_up)
    await worker.models.refresh()
    worker.watchdog.start()
    stack.callback(worker.watchdog.stop)
    for task in _background(worker):
        running = asyncio.create_task(task)
        running.add_done_callback(_report)
        stack.callback(running.cancel)
    settle()
    worker.app.finalize()
    stack.push_async_callback(worker.app.stop)
    await worker.app.start()
    log.info("worker ready", group=worker.settings.group, broker=worker.settings.broker)


def _background(worker: Worker) -> tuple[Coroutine[None, None, None], ...]:
    """What goes on beside the agents."""
    return (
        worker.models.watch(MODEL_EVERY),
        worker.relay.run(),
        worker.topics.watch(),
        worker.journey.snapshots.run(),
        Timers(worker.state, worker.publisher, worker.standing).run(),
        _reconcile(worker),
        _beat(worker),
    )


async def _reconcile(worker: Worker) -> None:
    while True:
        await asyncio.sleep(RECONCILE_EVERY)
        mine = {} if worker.app.rebalancing else _assigned(worker.app)
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


def accept_topics(settings: Settings) -> list[str]:
    """`caudal topics accept`: the topics that were accepted. Raises UnfitTopics, PublishFailed, StateUnavailable."""
    return asyncio.run(_accept(settings))


async def _accept(settings: Settings) -> list[str]:
    state, broker = RedisState.from_settings(settings), TopicsAtBroker(settings.broker)
    try:
        return await Topics(settings, broker, Incarnations(state.calls)).accept()
    finally:
        broker.close()
        await state.close()
