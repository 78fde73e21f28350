"""Faust, cut down to what we use of it: consumer groups, rebalancing and agents, on record batches."""

import os
import socket
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping

import faust
from faust.app.base import BootStrategy
from faust.types import TP

from streams.records import Fetched, FetchedSchema, RecordBatchConsumer, RecordBatchTransport
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, PROMOTIONS, SOURCES

READERS = {
    **{topic.name: "identify" for topic in SOURCES},
    CUSTOMER_EVENTS.name: "journey",
    PROMOTIONS.name: "deliver",
}
"""Topic to the agent that reads it."""


class _Boot(BootStrategy):
    """Faust without a producer: ours are elsewhere, and its own would end a worker that starts without Kafka."""

    enable_kafka_producer = False


class _App(faust.App):
    """Faust without the folder for its tables: there are none."""

    BootStrategy = _Boot

    async def on_first_start(self) -> None:
        pass


def faust_app(settings: Settings) -> faust.App:
    """Faust without its web server, tables, leader election, topic creation and serializers."""
    app = _App(
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
    app.transport = RecordBatchTransport(
        app.conf.broker_consumer, app, readers=READERS, fetch_wait_ms=settings.fetch_wait_ms
    )
    app.transport.pace = settings.fetch_pace_ms / 1000
    return app


def bind(app: faust.App, name: str, run: Callable[[AsyncIterable[Fetched]], Awaitable[None]]) -> None:
    topics = [topic for topic, reader in READERS.items() if reader == name]
    channel = app.topic(*topics, schema=FetchedSchema())
    app.agent(channel, name=name, concurrency=1)(run)


class Flow:
    """What an app fetches of one topic; partitions can be left out for a while, until they are assigned anew."""

    def __init__(self, app: faust.App, topic: str) -> None:
        self._app = app
        self._topic = topic

    def pause(self, partitions: Iterable[int]) -> None:
        self._app.consumer.pause_partitions(self._places(partitions))

    def resume(self, partitions: Iterable[int]) -> None:
        self._app.consumer.resume_partitions(self._places(partitions))

    def _places(self, partitions: Iterable[int]) -> set[TP]:
        return {TP(self._topic, partition) for partition in partitions}


def assigned(app: faust.App) -> Mapping[TP, int]:
    """Partitions of this worker, with the offset that Kafka holds as committed."""
    consumer = app.consumer
    return consumer.committed() if isinstance(consumer, RecordBatchConsumer) else {}
