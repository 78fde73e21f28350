"""The gateway as a process, on a real broker and a real Redis: what it promises holds over sockets."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sys import executable

import httpx2
import pytest
from kafka import KafkaConsumer, TopicPartition

from caudal.child import Child, ChildFailed
from caudal.embedded import broker_command, free_port, redis_command
from recommender.model import empty_arrays
from recommender.publication import Provenance, publish
from recommender.rollout import Kind, Rollout, Trial, answering, read_rollout, rolled_back, tried, write_rollout
from streams.settings import Settings
from streams.state.redis import RedisState
from streams.topics import WEB
from streams.topics.partitions import partition_of
from streams.topics.provision import provision
from tests.patience import PATIENCE
from tests.processes import Answer, Gateway, answers, environment

pytestmark = pytest.mark.live

KEYS = {scope: f"{scope}-key" for scope in ("site", "app", "store", "admin")}


def viewed(customer: str, number: int) -> dict[str, object]:
    properties = {"product_id": f"item-{number}"}
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": customer,
        "messageId": f"{customer}-{number}",
        "properties": properties,
    }


def stored(settings: Settings, topic: str) -> list[tuple[bytes, dict[str, object]]]:
    """Keys and events of a topic, per partition in order."""
    consumer = KafkaConsumer(bootstrap_servers=settings.broker.split(","))
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    left = sum(consumer.end_offsets(partitions).values())
    found: list[tuple[bytes, dict[str, object]]] = []
    while left > len(found):
        for batch in consumer.poll(timeout_ms=1000).values():
            found += [(record.key, json.loads(record.value)) for record in batch]
    consumer.close()
    return found


@contextmanager
def lonely_gateway(settings: Settings, folder: Path) -> Iterator[Gateway]:
    """A gateway that is alive; what it needs may be missing."""
    port = free_port()
    own = {f"CAUDAL_{scope.upper()}_KEYS": key for scope, key in KEYS.items()}
    values = {**environment(settings), **own, "CAUDAL_PORT": str(port), "CAUDAL_ACCEPT_DEADLINE": "1.0"}
    child = Child.start("gateway", [executable, "-m", "caudal", "gateway"], folder / "lonely.log", values)
    gateway = Gateway(f"http://127.0.0.1:{port}", KEYS, child)
    try:
        child.wait_ready(lambda: answers(f"{gateway.url}/livez"), PATIENCE * 2)
        yield gateway
    finally:
        child.stop(PATIENCE)


def until(answer: object, told: object) -> None:
    """answer: a callable. Raises AssertionError where it does not come to be what was told."""
    assert callable(answer)
    deadline = time.monotonic() + PATIENCE
    while (found := answer()) != told:
        assert time.monotonic() < deadline, f"{found!r} is not {told!r}"
        time.sleep(0.05)


def test_what_is_answered_200_is_in_kafka_in_its_customers_order(settings: Settings, gateway: Gateway) -> None:
    for start in range(0, 60, 20):
        batch = [viewed(customer, number) for number in range(start, start + 20) for customer in ("ana", "bea", "eva")]
        assert gateway.post("/v1/batch", {"batch": batch}).status == 200
    events = stored(settings, WEB.name)
    for customer in ("ana", "bea", "eva"):
        own = [event["messageId"] for key, event in events if key == customer.encode()]
        assert own == [f"{customer}-{number}" for number in range(60)]


def test_a_gateway_alone_in_the_world_answers_and_says_what_it_misses(settings: Settings, tmp_path: Path) -> None:
    nowhere = {"broker": f"127.0.0.1:{free_port()}", "redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    with lonely_gateway(settings.model_copy(update=nowhere), tmp_path) as gateway:
        ready = gateway.get("/readyz")
        assert ready.status == 503
        assert all(said != "ok" for said in ready.body["dependencies"].values())
        slate = gateway.get("/v1/recommendations?customer=ana", "site")
        assert (slate.status, slate.body["fallback"]) == (200, "state_unavailable")
        refused = gateway.post("/v1/track", viewed("ana", 1))
        assert (refused.status, refused.body["code"]) == (503, "kafka_unavailable")
        unread = [gateway.get(f"/v1/{path}?customer=ana") for path in ("offers", "inbox", "session")]
        assert [answer.status for answer in unread] == [503] * 3
        assert all("127.0.0.1" not in answer.body["message"] for answer in (refused, *unread))


def test_a_gateway_that_would_look_for_customers_elsewhere_refuses_to_start(settings: Settings, tmp_path: Path) -> None:
    """It would take everybody for a stranger, without allergens."""
    wrong = settings.model_copy(update={"customer_partitions": settings.customer_partitions * 2})
    refusal = "Set CAUDAL_CUSTOMER_PARTITIONS to what is there"
    with pytest.raises(ChildFailed, match=refusal), lonely_gateway(wrong, tmp_path) as gateway:
        gateway.child.wait_ready(lambda: False, PATIENCE)


def test_a_gateway_that_was_first_is_ready_once_kafka_and_redis_are_up(settings: Settings, tmp_path: Path) -> None:
    broker, redis = free_port(), free_port()
    found = {
        "broker": f"127.0.0.1:{broker}",
        "redis_url": f"redis://127.0.0.1:{redis}/0",
        "idempotent_producer": False,
        "replication": 1,
    }
    late = settings.model_copy(update=found)
    with lonely_gateway(late, tmp_path) as gateway:
        assert gateway.get("/readyz").status == 503
        servers = [
            Child.start("late broker", broker_command(broker, tmp_path), tmp_path / "late-broker.log"),
            Child.start("late Redis", redis_command(redis, tmp_path), tmp_path / "late-redis.log"),
        ]
        try:
            until(lambda: gateway.get("/readyz").status, 200)
            provision(late)
            until(lambda: gateway.post("/v1/track", viewed("ana", 1)).status, 200)
            assert gateway.get("/v1/recommendations?customer=ana", "site").body["fallback"] != "state_unavailable"
        finally:
            for server in servers:
                server.stop(1.5)


def test_a_message_wakes_an_open_stream(settings: Settings, gateway: Gateway) -> None:
    with httpx2.Client(base_url=gateway.url, timeout=PATIENCE, trust_env=False) as client:
        asked = client.stream("GET", "/v1/inbox/stream?customer=ana", headers={"x-api-key": gateway.keys["app"]})
        with asked as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            asyncio.run(posted(settings, "ana", b'{"title":"Hello"}'))
            data = next(line for line in lines if line.startswith("data:"))
    assert json.loads(data.removeprefix("data:")) == {"title": "Hello"}


async def posted(settings: Settings, customer: str, payload: bytes) -> None:
    state = RedisState.from_settings(settings)
    assert await state.post(partition_of(customer, settings.customer_partitions), customer, "d-1", payload)
    await state.close()


def test_a_model_published_while_it_runs_is_the_one_that_answers(settings: Settings, gateway: Gateway) -> None:
    version = publish(settings.models, empty_arrays(), Provenance(created=int(time.time() * 1000)))
    until(lambda: gateway.get("/v1/recommendations?customer=ana", "site").body["model"], version)


def test_a_candidate_answers_its_customers_until_it_is_rolled_back(settings: Settings, gateway: Gateway) -> None:
    now, folder = int(time.time() * 1000), settings.models
    old, new = (publish(folder, empty_arrays(), Provenance(created=now + later)) for later in (60_000, 61_000))
    write_rollout(folder, tried(Rollout(), Trial(new, Kind.CANDIDATE, 50.0), [old, new]))
    customers = [f"customer-{number}" for number in range(20)]
    expected = [answering(read_rollout(folder), [old, new], customer) for customer in customers]
    assert set(expected) == {old, new}

    def answered() -> list[object]:
        return [gateway.get(f"/v1/recommendations?customer={one}", "site").body["model"] for one in customers]

    until(answered, expected)
    write_rollout(folder, rolled_back(read_rollout(folder), [old, new]))
    until(answered, [old] * len(customers))


def test_it_stops_cleanly_within_10_seconds_streams_and_all(settings: Settings, gateway: Gateway) -> None:
    with httpx2.Client(base_url=gateway.url, timeout=PATIENCE, trust_env=False) as client:
        asked = client.stream("GET", "/v1/inbox/stream?customer=ana", headers={"x-api-key": gateway.keys["app"]})
        with asked as stream:
            lines = stream.iter_lines()
            next(lines)
            os.kill(gateway.child.process.pid, signal.SIGTERM)
            assert gateway.child.process.wait(10) == 0
            assert [line for line in lines if line] == []


def test_nonsense_disturbs_nobody(gateway: Gateway) -> None:
    answered: list[Answer] = []
    for body in (b"\x00" * 10_000, b"{" * 10_000, b'{"batch":[' + b"[" * 10_000):
        with httpx2.Client(trust_env=False) as client:
            refused = client.post(f"{gateway.url}/v1/batch", content=body, headers={"x-api-key": gateway.keys["app"]})
            assert refused.status_code == 400
        answered.append(gateway.get("/livez"))
    assert {answer.status for answer in answered} == {200}
