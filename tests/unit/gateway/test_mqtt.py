"""Beacon gateways publish to a real MQTT broker: our tags are sighted in Kafka, and nobody else's."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from caudal.embedded import free_port
from gateway.app import accepting
from gateway.meters import Meters
from gateway.mqtt import Beacons, client
from streams.topics import STORE
from tests.patience import PATIENCE
from tests.sdk.brokers import running_broker
from tests.unit.gateway.running import SETTINGS, Kafka

UUID = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
CARD = {"mac": "aabbccddeeff", "id": f"iBeacon:{UUID}-1-7", "rssi": -63.1}
PHONE = {"mac": "5e5e5e5e5e5e", "id": "60:87:57:4C:9B:C2", "rssi": -40}


@dataclass
class Store:
    """Beacon gateways, and what Kafka got of them."""

    url: str
    kafka: Kafka
    beacons: Beacons

    async def publish(self, topic: str, payload: object) -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        async with client(self.url) as connected:
            await connected.publish(topic, raw, qos=1)

    async def until(self, count: int) -> list[dict[str, object]]:
        deadline = time.monotonic() + PATIENCE
        while len(self.kafka.records) < count:
            assert time.monotonic() < deadline, self.kafka.records
            await asyncio.sleep(0.02)
        return self.kafka.events(STORE.name)


@asynccontextmanager
async def listening(port: int, tags: str = UUID) -> AsyncIterator[Store]:
    url = f"mqtt://127.0.0.1:{port}"
    settings = SETTINGS.model_copy(update={"mqtt_url": SecretStr(url), "mqtt_tags": tags})
    kafka, meters = Kafka(), Meters()
    beacons = Beacons.from_settings(settings, accepting(settings, kafka, meters), meters)
    task = asyncio.create_task(beacons.listen())
    try:
        yield Store(url, kafka, beacons)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_card_of_ours_is_sighted_and_a_phone_that_walks_by_is_not() -> None:
    port = free_port()
    async with running_broker(port), listening(port) as store:
        await store.beacons.subscribed.wait()
        await store.publish("espresense/devices/phone/dairy", PHONE)
        await store.publish("espresense/devices/card/dairy", CARD)
        (event,) = await store.until(1)
    assert (event["event"], event["context"]) == ("Beacon Sighted", {"beaconTag": f"{UUID}:1:7"})
    assert event["properties"] == {"beacon": "gateway:dairy", "rssi": -63.1}


async def test_without_tags_of_ours_nothing_is_kept() -> None:
    async with listening(free_port(), tags="") as store:
        await store.beacons.take([("espresense/devices/card/dairy", json.dumps(CARD).encode()), ("t/g", b"{")])
        assert store.kafka.records == []


async def test_while_kafka_is_down_sightings_are_counted_and_forgotten() -> None:
    async with listening(free_port()) as store:
        store.kafka.down = True
        await store.beacons.take([("espresense/devices/card/dairy", json.dumps(CARD).encode())])
        assert b'caudal_rejected_events_total{reason="kafka_unavailable"} 1.0' in store.beacons.meters.exposition(0)


async def test_what_cannot_be_read_is_rejected_and_stops_nobody() -> None:
    port = free_port()
    async with running_broker(port), listening(port) as store:
        await store.beacons.subscribed.wait()
        for payload in (b"online", b"\xff", b"[" * 10_000, {"rssi": "far"}):
            await store.publish("home/omg/BTtoMQTT/x", payload)
        await store.publish("home/omg/BTtoMQTT/x", {"id": "x", "uuid": UUID, "major": 1, "minor": 7, "rssi": -50})
        await store.until(5)
    assert {reject.source for reject in store.kafka.rejects()} == {"mqtt home/omg/BTtoMQTT/x"}
    assert len(store.kafka.events(STORE.name)) == 1


async def test_it_comes_back_to_a_broker_that_went_away() -> None:
    port = free_port()
    async with listening(port) as store:
        await asyncio.sleep(0.05)
        async with running_broker(port):
            deadline = time.monotonic() + PATIENCE
            while not store.kafka.records and time.monotonic() < deadline:
                await store.publish("espresense/devices/card/dairy", CARD)
                await asyncio.sleep(0.2)
            assert store.kafka.events(STORE.name)
