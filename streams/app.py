"""The worker's composition root: builds the agents and everything they need; `streams.process` runs them.

events.* , deliveries ──► identify ──► customer-events ──► journey ──► Redis (state, slates, outbox)
promotions ──► deliver ──► app inbox, deliveries                            └──► relay ──► recommendations, ...
"""

import os
from dataclasses import dataclass
from typing import cast

import faust

from retail.policy import EventLimits
from retail.reference import Reference
from streams.clicks import ClickTeller
from streams.deliver import Deliver
from streams.faust_app import Flow, assigned, bind, faust_app
from streams.identify import Identify
from streams.incarnations import Topics
from streams.journey import Deciding, Journey
from streams.meters import Meters
from streams.microbatch import World
from streams.ownership import Ownership
from streams.patience import WAITS
from streams.records import RecordBatchTransport, known_end
from streams.relay import Relay
from streams.repair import Repair, Told
from streams.settings import Settings
from streams.shedding import Shedding, Slates
from streams.snapshot_rounds import SnapshotRounds
from streams.standing import Sources, Standing, StandingCollector
from streams.state.incarnations import Incarnations
from streams.state.models import ModelShelf
from streams.state.redis import RedisState
from streams.stragglers import Stragglers
from streams.timers import Timers
from streams.topics import CUSTOMER_EVENTS, PROMOTIONS, Topic
from streams.topics.cut import TopicsAtBroker
from streams.topics.follower import Follower
from streams.topics.learner import Learner
from streams.topics.publisher import Publisher
from streams.watchdog import Watchdog


@dataclass(frozen=True)
class Edges:
    """What a worker talks to the world through, shared by its agents."""

    settings: Settings
    app: faust.App
    transport: RecordBatchTransport
    state: RedisState
    publisher: Publisher
    meters: Meters
    reference: Reference


@dataclass(frozen=True)
class Worker:
    """Everything one worker process consists of, not yet started."""

    settings: Settings
    app: faust.App
    publisher: Publisher
    follower: Follower
    models: ModelShelf
    learner: Learner | None
    clicks: ClickTeller | None
    relay: Relay
    journey: Journey
    timers: Timers
    meters: Meters
    state: RedisState
    topics: Topics
    watchdog: Watchdog
    standing: Standing


def build(settings: Settings) -> Worker:
    """Wires a worker; nothing is connected yet."""
    edges = _edges(settings)
    models, world = ModelShelf(settings.models, edges.reference), World(edges.reference)
    journey = _journey(edges, Deciding(world, models, Shedding(settings.slates, settings.slate_lag_budget)))
    _bind_agents(edges, journey, world)
    watchdog = _watchdog(edges)
    standing = _standing(edges, watchdog, journey.owned)
    edges.meters.registry.register(StandingCollector(standing, journey.relay.depths))
    return Worker(
        settings=settings,
        app=edges.app,
        publisher=edges.publisher,
        follower=Follower(settings.broker, edges.reference, models.keep_up),
        models=models,
        learner=_learner(settings, models),
        clicks=journey.clicks,
        relay=journey.relay,
        journey=journey,
        timers=Timers(edges.state, edges.publisher, standing),
        meters=edges.meters,
        state=edges.state,
        topics=Topics(settings, TopicsAtBroker(settings.broker), Incarnations(edges.state.calls)),
        watchdog=watchdog,
        standing=standing,
    )


def _edges(settings: Settings) -> Edges:
    app = faust_app(settings)
    return Edges(
        settings=settings,
        app=app,
        transport=cast(RecordBatchTransport, app.transport),
        state=RedisState.from_settings(settings),
        publisher=Publisher(settings.broker, idempotent=settings.idempotent_producer),
        meters=Meters(),
        reference=Reference(),
    )


def _journey(edges: Edges, deciding: Deciding) -> Journey:
    settings, state, progress = edges.settings, edges.state, edges.transport.progress
    owned = Ownership(settings.kept_states_bytes, settings.customer_partitions)
    return Journey(
        state=state,
        relay=Relay(state, edges.publisher),
        repair=Repair.from_settings(settings, state, owned, Told(edges.meters, progress)),
        deciding=deciding,
        progress=progress,
        meters=edges.meters,
        owned=owned,
        snapshots=SnapshotRounds.from_settings(settings, state, owned, edges.meters),
        clicks=_teller(edges),
        stragglers=_stragglers(edges, CUSTOMER_EVENTS),
    )


def _stragglers(edges: Edges, topic: Topic) -> Stragglers:
    """Partitions of the topic are those of the state."""
    return Stragglers(edges.state.silence, Flow(edges.app, topic.name))


def _teller(edges: Edges) -> ClickTeller | None:
    settings = edges.settings
    return ClickTeller(edges.publisher, os.urandom(32), settings.recent_hours) if settings.recent_clicks else None


def _learner(settings: Settings, models: ModelShelf) -> Learner | None:
    """What is learned serves the slates, nothing else of a worker."""
    return None if settings.slates is Slates.NEVER else Learner(settings, lambda: models.serving.models)


def _bind_agents(edges: Edges, journey: Journey, world: World) -> None:
    partitions, progress, meters = edges.settings.customer_partitions, edges.transport.progress, edges.meters
    key = edges.settings.attribution_key.get_secret_value().encode()
    limits = EventLimits(blocked=edges.settings.blocked, attribution_key=key)
    identify = Identify(edges.publisher, progress, meters, partitions, limits)
    late = _stragglers(edges, PROMOTIONS)
    deliver = Deliver(edges.state, edges.publisher, edges.reference, world.gate, progress, meters, partitions, late)
    edges.transport.owners = journey, deliver
    bind(edges.app, "identify", identify.run)
    bind(edges.app, "journey", journey.run)
    bind(edges.app, "deliver", deliver.run)


def _watchdog(edges: Edges) -> Watchdog:
    settings, app = edges.settings, edges.app
    return Watchdog(
        settings.broker, settings.stall_timeout, edges.transport.progress, lambda: assigned(app), lambda: WAITS.any
    )


def _standing(edges: Edges, watchdog: Watchdog, owned: Ownership) -> Standing:
    """The log's end by what was fetched last, and by what the watchdog asked: who hangs fetches nothing any more."""
    app = edges.app
    known = Sources(
        lambda: assigned(app), lambda place: (known_end(app.consumer, place), watchdog.ends.get(place)), owned.known
    )
    return Standing(known, watchdog.progress)
