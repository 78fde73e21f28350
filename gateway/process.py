"""How a gateway starts, serves and stops: what it connects to, what goes on beside the answers, and the signals."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial

import structlog
import uvicorn
import uvloop

from gateway.app import Ports, accepting, build
from gateway.direct import DirectHttp
from gateway.fitness import FIT_PATIENCE, heed, verdict
from gateway.front import Front
from gateway.interruptions import interrupt_seldom, settle, settle_again
from gateway.keys import KeyRing
from gateway.meters import Meters
from gateway.mqtt import Beacons
from gateway.settings import GatewaySettings
from recommender.kernel_store import are_kept, ready_kernels
from retail.reference import Reference
from streams.state.models import ModelShelf
from streams.state.redis import RedisViews
from streams.topics.cut import TopicsAtBroker
from streams.topics.endless import endless
from streams.topics.follower import Follower
from streams.topics.learner import Learner
from streams.topics.lost_lines import heed_lost_lines
from streams.topics.publisher import Publisher

log = structlog.get_logger()


class PortTaken(Exception):
    """The gateway cannot listen where it is told to. The message says where."""


class Server(uvicorn.Server):
    """uvicorn, with signals handled by us: its own way ends the process before anything is closed."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Raises PortTaken: who bound the port as we did may listen first, which uvloop keeps to itself."""
        try:
            for place in sockets or ():
                place.listen(self.config.backlog)
            await super().startup(sockets)
        except OSError as fault:
            raise _taken(self.config.host, self.config.port, fault) from fault

    def stop(self) -> None:
        """Streams end, requests in flight are answered, then `serve` returns."""
        self._closing.set()
        self.should_exit = True


def serve(settings: GatewaySettings, signals: Collection[signal.Signals]) -> None:
    """`caudal gateway`: blocks until one of the signals. Starts also while Kafka or Redis are down.

    Raises PortTaken, and UnfitPartitions at the start or as soon as Kafka tells.
    """
    interrupt_seldom()
    heed_lost_lines()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(asyncio.CancelledError):
        runner.run(_unless_told_to_stop(settings, signals))


async def _unless_told_to_stop(settings: GatewaySettings, signals: Collection[signal.Signals]) -> None:
    """A signal that comes while it starts cancels that; later ones are the server's, the last ones nobody's."""
    loop, serving = asyncio.get_running_loop(), asyncio.create_task(_serve(settings, signals))
    for number in signals:
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


async def _serve(settings: GatewaySettings, signals: Collection[signal.Signals]) -> None:
    async with AsyncExitStack() as stack:
        place = stack.enter_context(_bound(settings.host, settings.port))
        fit = verdict(TopicsAtBroker(settings.broker), settings.customer_partitions)
        stack.callback(fit.cancel)
        ports = await _connect(settings, stack)
        await heed(fit, FIT_PATIENCE)
        meters = Meters()
        server = Server(server_config(settings, build(settings, ports, meters)), ports.closing)
        if settings.mqtt_url.get_secret_value():
            beacons = Beacons.from_settings(settings, accepting(settings, ports.publisher, meters), meters)
            _run(stack, "beacons", beacons.listen)
        for number in signals:
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        if not len(KeyRing.from_settings(settings)):
            log.warning("no keys: everybody gets 401. Set CAUDAL_SITE_KEYS, CAUDAL_APP_KEYS, CAUDAL_STORE_KEYS, ...")
        log.info("gateway listens", host=settings.host, port=place.getsockname()[1])
        fit.add_done_callback(lambda told: None if told.cancelled() or told.exception() is None else server.stop())
        await server.serve([place])
        await heed(fit, 0.0)


def _bound(host: str, port: int) -> socket.socket:
    """Before a minute of getting ready, not after it; nobody is let in yet. Raises PortTaken."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A name may have addresses of both kinds: clients of this machine mean the older one.
        family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        place = socket.socket(family)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
    except OSError as fault:
        raise _taken(host, port, fault) from fault
    return place


def _taken(host: str, port: int, fault: OSError) -> PortTaken:
    return PortTaken(f"cannot listen at {host}:{port} (CAUDAL_HOST, CAUDAL_PORT): {fault.strerror or fault}")


def server_config(settings: GatewaySettings, app: Front) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=DirectHttp,
        ws="none",
        lifespan="off",
        loop="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_timeout),
    )


async def _connect(settings: GatewaySettings, stack: AsyncExitStack) -> Ports:
    """The real world. Each connects by itself, also to what comes up later."""
    views = RedisViews.from_settings(settings)
    stack.push_async_callback(views.close)
    publisher = Publisher(
        settings.broker, idempotent=settings.idempotent_producer, pace=settings.publish_pace_ms / 1000
    )
    await publisher.start()
    stack.push_async_callback(publisher.stop)
    reference = Reference()
    models = ModelShelf(settings.models, reference, shadows=True)
    follower = Follower(settings.broker, reference, models.keep_up)
    await follower.start()
    stack.push_async_callback(follower.stop)
    log.info("readying kernels", on_disk=are_kept(), note="compiled once per machine: a minute of one core")
    await ready_kernels(models.current)
    settle()
    jobs: dict[str, Callable[[], Awaitable[None]]] = {
        "models": partial(models.watch, settings.model_interval),
        "learner": Learner(settings, lambda: models.serving.models).run,
        "settle": partial(settle_again, follower),
    }
    for name, job in jobs.items():
        _run(stack, name, job)
    return Ports(publisher, views, models, reference, asyncio.Event())


def _run(stack: AsyncExitStack, name: str, job: Callable[[], Awaitable[None]]) -> None:
    """In the background, until the stack is left; where it fails it begins again."""
    running = asyncio.create_task(endless(name, job), name=name)
    stack.callback(running.cancel)
