"""Beacon gateways over MQTT: what they heard of our own tags becomes `Beacon Sighted` events of the store channel.

Tags that are not ours are dropped here, before anything is kept: a phone that walks by is nobody's business. Sightings
are perishable: those that Kafka does not take are counted and forgotten, the next come in seconds.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from gateway.envelopes import Batch, Shared
from gateway.errors import Refused
from gateway.intake import Entry, Intake, now
from gateway.meters import Meters
from gateway.nearest import Nearest
from gateway.settings import GatewaySettings
from retail.events import Channel
from retail.wire.message import Message, derived_id, encode_message
from retail.wire.tags import Heard, heard, tag_id

log = structlog.get_logger()

GATHER = 0.1
"""Seconds over which messages are gathered into one write."""

MOST = 500
"""Messages of one write at most."""

BACK_OFF = (0.5, 1.0, 2.0, 5.0, 15.0)
"""Seconds before the first, second, ... attempt to come back to a broker; the last for all that follow."""

WAITING = 10_000
"""Messages that may wait; while a crowd walks by, later sightings tell the same."""

LARGEST = 64 << 10
"""Bytes of a payload; a list of all the tags that a gateway hears has some kilobytes."""


@dataclass
class Beacons:
    """tags: how the ids of our tags begin. topics: to listen to. subscribed: set once the broker sends them."""

    url: str
    topics: Sequence[str]
    tags: tuple[str, ...]
    intake: Intake
    meters: Meters
    nearest: Nearest = field(default_factory=Nearest)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def from_settings(cls, settings: GatewaySettings, intake: Intake, meters: Meters) -> "Beacons":
        tags = tuple(map(_beginning, _listed(settings.mqtt_tags)))
        return cls(settings.mqtt_url.get_secret_value(), _listed(settings.mqtt_topics), tags, intake, meters)

    async def listen(self) -> None:
        """For as long as the gateway runs; comes back to a broker that went away."""
        if not self.tags:
            log.warning("no tags are ours, so nothing that beacon gateways hear is kept: set CAUDAL_MQTT_TAGS")
        failures = 0
        while True:
            try:
                async with client(self.url) as broker:
                    for topic in self.topics:
                        await broker.subscribe(topic, qos=1)
                    log.info("listening to beacon gateways", topics=list(self.topics))
                    failures = 0
                    self.subscribed.set()
                    await self._take_all(broker)
            except (aiomqtt.MqttError, OSError) as fault:
                log.warning("no MQTT broker", fault=type(fault).__name__)
            await asyncio.sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
            failures += 1

    async def take(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Topics and payloads. Raises nothing."""
        received = now()
        for topic in dict.fromkeys(topic for topic, _ in messages):
            payloads = [payload for name, payload in messages if name == topic]
            entry = Entry(Channel.STORE, f"mqtt {topic[:200]}", "mqtt", received)
            batch = Batch(payloads, Shared(), "", read=partial(self._events, topic, received))
            try:
                await self.intake.take(batch, entry)
            except Refused as fault:
                self.meters.rejected(fault.problem.code)

    async def _take_all(self, broker: aiomqtt.Client) -> None:
        """Until the connection is lost."""
        gathered: list[tuple[str, bytes]] = []
        flushed = asyncio.get_running_loop().time()
        async for message in broker.messages:
            if len(payload := _bytes(message.payload)) <= LARGEST:
                gathered.append((str(message.topic), payload))
            late = asyncio.get_running_loop().time() - flushed >= GATHER
            if gathered and (late or len(gathered) >= MOST or not len(broker.messages)):
                await self.take(gathered)
                gathered = []
                flushed = asyncio.get_running_loop().time()

    def _events(self, topic: str, received: int, raw: bytes) -> list[bytes]:
        """Raises EventRefused."""
        ours = [one for one in heard(topic, raw) if one.tag.startswith(self.tags)] if self.tags else []
        return [sighted(one, received) for one in ours if self.nearest.hear(one, received)]


def sighted(one: Heard, received: int) -> bytes:
    """The event: whoever carries the tag was at the gateway. A tag is an identifier of its own kind."""
    at = received if one.at is None else one.at
    message = Message(
        "track",
        derived_id("mqtt", one.tag, one.gateway, str(at)),
        event="Beacon Sighted",
        timestamp=at,
        properties={"beacon": one.gateway, "rssi": one.rssi},
        context={"beaconTag": one.tag},
    )
    return encode_message(message)


def client(url: str) -> aiomqtt.Client:
    """url: mqtt://user:password@host:1883, or mqtts:// for TLS. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError("CAUDAL_MQTT_URL is mqtt://host:1883 or mqtts://host:8883, with user and password if need be")
    secure = parts.scheme == "mqtts"
    return aiomqtt.Client(
        parts.hostname,
        parts.port or (8883 if secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        max_queued_incoming_messages=WAITING,
        tls_context=ssl.create_default_context() if secure else None,
    )


def _beginning(tag: str) -> str:
    """Of a MAC address the beginning may be given."""
    bare = tag.replace(":", "").replace("-", "").lower()
    return bare if len(bare) <= 12 and set(bare) <= set("0123456789abcdef") else tag_id(tag)


def _bytes(payload: object) -> bytes:
    return bytes(payload) if isinstance(payload, bytes | bytearray) else b""


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
