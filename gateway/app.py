"""The gateway's composition root: what is built from what. How it starts and stops is in `gateway.process`.

beacon gateways ──► mqtt ──────────┐
clients ──► door ──► reception ──► intake ──► Kafka (events.*, events.rejected)
                └──► recommendations, offers, inbox ◄── Redis (views), models, reference topics
"""

import asyncio
import os
from dataclasses import dataclass

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway import foreign_routes, routes
from gateway.admission import Admission
from gateway.bodies import BodyReader
from gateway.desk import Desk
from gateway.docs_page import Documents
from gateway.door import Asked, Entrance, Sent, door, lost
from gateway.front import Front
from gateway.health import Health
from gateway.inbox import Inboxes
from gateway.intake import Intake
from gateway.keys import KeyRing
from gateway.meters import Meters
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
from retail.policy import EventLimits
from retail.reference import Reference
from streams.state import Views


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
