"""The gateway's composition root: what is built from what, how it starts, and how it stops.

beacon gateways ──► mqtt ──────────┐
clients ──► door ──► reception ──► intake ──► Kafka (events.*, events.rejected)
                └──► recommendations, offers, inbox ◄── Redis (views), models, reference topics
"""

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
import uvloop
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway import foreign_routes, routes
from gateway.admission import Admission
from gateway.bodies import BodyReader
from gateway.corked import CorkedHttp
from gateway.desk import Desk
from gateway.docs_page import Documents
from gateway.door import Asked, Entrance, Sent, door, lost
from gateway.fitness import FIT_PATIENCE, heed, verdict
from gateway.front import Front
from gateway.health import Health
from gateway.inbox import Inboxes
from gateway.intake import Intake
from gateway.interruptions import interrupt_seldom, settle, settle_again
from gateway.keys import KeyRing
from gateway.meters import Meters
from gateway.mqtt import Beacons
from gateway.offers import Offering
from gateway.ports import Models, Publishing
from gateway.profiles import Profiles
from gateway.rates import Rates
from gateway.reception import Reception
from gateway.recommendations import Recommending
from gateway.rulebook import Rulebook
from gateway.sessions import Sessions
from gateway.settings import GatewaySettings
from gateway.shadow_meters import ShadowMeters
from gateway.shadowing import Shadowing
from gateway.sources import Sources
from gateway.together import Together
from recommender.exploration import ExplorationPolicy
from recommender.policy import GatePolicy
from recommender.warm_up import compile_all
from retail.policy import EventLimits
from retail.reference import Reference
from streams.state import Views
from streams.state.models import ModelShelf
from streams.state.redis import RedisViews
from streams.topics.cut import TopicsAtBroker
from streams.topics.follower import Follower
from streams.topics.learner import Learner
from streams.topics.publisher import Publisher

log = structlog.get_logger()

KEEP_ALIVE = 65
"""Seconds an idle connection is kept: longer than load balancers keep theirs (60), so they never meet a closed one."""


@dataclass(frozen=True)
class Ports:
    """The world outside. closing: set when the gateway stops, so that streams end."""

    publisher: Publishing
    views: Views
    models: Models
    reference: Reference
    closing: asyncio.Event


def build(settings: GatewaySettings, ports: Ports, meters: Meters | None = None) -> Front:
    """The ASGI application; nothing is connected or started by it."""
    meters = meters or Meters()
    keys, admission = KeyRing.from_settings(settings), Admission(settings.pending_limit)
    intake = accepting(settings, ports.publisher, meters)
    rates, reader = Rates(settings.key_rate), BodyReader.from_settings(settings)
    reception = Reception(keys, reader, admission, intake, rates, settings.batch_limit)
    health = Health(keys, ports.views, ports.publisher, admission, meters)
    writing = _writing(reception, meters)
    reading, supporting = _reading(settings, ports, keys, meters), _supporting(settings, ports, keys, meters)
    rest = Litestar(
        [
            *map(door, writing),
            *map(door, _introducing(reception, keys, meters)),
            *map(door, reading),
            *map(door, supporting),
            *map(door, _watching(health, meters)),
        ],
        cors_config=CORSConfig(allow_origins=[], allow_origin_regex=".*", allow_headers=["*"]),
        exception_handlers={HTTPException: lost},
        openapi_config=None,
        logging_config=None,
    )
    # uvicorn would do it for every event, too; only the metrics ask where a request is from.
    proxied = ProxyHeadersMiddleware(rest, os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"))  # type: ignore[arg-type]
    return Front([*writing, *reading], proxied)  # type: ignore[arg-type]  # Litestar and uvicorn each have their own types of ASGI


def accepting(settings: GatewaySettings, publisher: Publishing, meters: Meters) -> Intake:
    limits = EventLimits()
    return Intake(publisher, meters, limits.event_bytes, settings.inflated_limit, settings.accept_deadline)


def _writing(reception: Reception, meters: Meters) -> list[Entrance[Sent]]:
    singles = [Entrance(route, reception.single(route.name), meters) for route in routes.SINGLES]
    return [
        Entrance(routes.BATCH, reception.batch, meters),
        *singles,
        Entrance(routes.SIGHTINGS, reception.sightings, meters),
        Entrance(foreign_routes.CLOUD_EVENTS, reception.cloud_events, meters),
        Entrance(foreign_routes.MEASUREMENT, reception.measurement, meters),
        Entrance(foreign_routes.SNOWPLOW, reception.snowplow, meters),
    ]


def _introducing(reception: Reception, keys: KeyRing, meters: Meters) -> list[Entrance[Asked]]:
    """What client libraries ask for by GET."""
    sources = Sources(keys)
    return [
        Entrance(foreign_routes.SNOWPLOW_PIXEL, reception.snowplow_pixel, meters),
        Entrance(foreign_routes.SITE_SETTINGS, sources.settings, meters),
        Entrance(foreign_routes.SOURCE_CONFIG, sources.configuration, meters),
    ]


def _reading(settings: GatewaySettings, ports: Ports, keys: KeyRing, meters: Meters) -> list[Entrance[Sent]]:
    """What pages, apps and tills ask for."""
    partitions = settings.customer_partitions
    profiles = Profiles(ports.views, partitions)
    exploration = ExplorationPolicy(rate=settings.exploration)
    seal = settings.attribution_key.get_secret_value().encode()
    together = Together(ports.reference)
    shadowing = Shadowing(ports.reference, ShadowMeters(meters.registry))
    recommending = Recommending(
        keys, profiles, ports.models, ports.reference, together, meters, exploration, seal, shadowing
    )
    offering = Offering(keys, profiles, ports.reference, GatePolicy(), seal)
    inboxes = Inboxes(keys, ports.views, meters, partitions, settings.stream_limit, ports.closing, profiles)
    return [
        Entrance(routes.RECOMMENDATIONS, recommending.reply, meters),
        Entrance(routes.OFFERS, offering.reply, meters),
        Entrance(routes.INBOX, inboxes.read, meters),
        Entrance(routes.INBOX_STREAM, inboxes.stream, meters),
        Entrance(routes.SESSION, Sessions(keys, profiles).reply, meters),
    ]


def _supporting(settings: GatewaySettings, ports: Ports, keys: KeyRing, meters: Meters) -> list[Entrance[Asked]]:
    """What the shop's own people ask for."""
    profiles = Profiles(ports.views, settings.customer_partitions)
    desk = Desk(keys, profiles, ports.publisher, settings.accept_deadline)
    return [
        Entrance(routes.MERCHANDISING, Rulebook(keys, ports.models, ports.reference).reply, meters),
        Entrance(routes.CUSTOMER_SHOWN, desk.show, meters),
        Entrance(routes.CUSTOMERS_MERGED, desk.merge, meters),
        Entrance(routes.CUSTOMER_SPLIT, desk.split, meters),
    ]


def _watching(health: Health, meters: Meters) -> list[Entrance[Asked]]:
    documents = Documents()
    return [
        Entrance(routes.LIVE, health.live, meters),
        Entrance(routes.READY, health.ready, meters),
        Entrance(routes.METRICS, health.metrics, meters),
        Entrance(routes.SCHEMA, documents.schema, meters),
        Entrance(routes.ASYNCAPI, documents.topics, meters),
        Entrance(routes.DOCS, documents.page, meters),
    ]


class Server(uvicorn.Server):
    """uvicorn, with signals handled by us: its own way ends the process before anything is closed."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def stop(self) -> None:
        """Streams end, requests in flight are answered, then `serve` returns."""
        self._closing.set()
        self.should_exit = True


def serve(settings: GatewaySettings) -> None:
    """`caudal gateway`: blocks until SIGTERM or SIGINT. Starts also while Kafka or Redis are down.

    Raises UnfitPartitions, at the start or as soon as Kafka tells.
    """
    interrupt_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: GatewaySettings) -> None:
    async with AsyncExitStack() as stack:
        fit = verdict(TopicsAtBroker(settings.broker), settings.customer_partitions)
        stack.callback(fit.cancel)
        ports = await _connect(settings, stack)
        await heed(fit, FIT_PATIENCE)
        meters = Meters()
        server = Server(server_config(settings, build(settings, ports, meters)), ports.closing)
        if settings.mqtt_url.get_secret_value():
            beacons = Beacons.from_settings(settings, accepting(settings, ports.publisher, meters), meters)
            _run(stack, "beacons", beacons.listen())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        if not len(KeyRing.from_settings(settings)):
            log.warning("no keys: everybody gets 401. Set CAUDAL_SITE_KEYS, CAUDAL_APP_KEYS, CAUDAL_STORE_KEYS, ...")
        log.info("gateway listens", host=settings.host, port=settings.port)
        fit.add_done_callback(lambda told: None if told.cancelled() or told.exception() is None else server.stop())
        await server.serve()
        await heed(fit, 0.0)


def server_config(settings: GatewaySettings, app: Front) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=CorkedHttp,
        ws="none",
        lifespan="off",
        loop="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
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
    log.info("compiling kernels", note="once per machine: a minute of one core; afterwards they are on the disk")
    await asyncio.to_thread(compile_all, models.current)
    settle()
    jobs = {
        "models": models.watch(settings.model_interval),
        "learner": Learner(settings, lambda: models.serving.models).run(),
        "settle": settle_again(follower),
    }
    for name, job in jobs.items():
        _run(stack, name, job)
    return Ports(publisher, views, models, reference, asyncio.Event())


def _run(stack: AsyncExitStack, name: str, job: Coroutine[None, None, None]) -> None:
    """In the background, until the stack is left."""
    running = asyncio.create_task(job, name=name)
    running.add_done_callback(_report)
    stack.callback(running.cancel)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a background task failed", task=task.get_name(), exc_info=task.exception())
