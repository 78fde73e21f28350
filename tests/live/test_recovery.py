"""What a worker does about a world that is not as it was: stalls, topics that were renewed or cut differently."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import TimeoutExpired

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from caudal.child import Child, ChildFailed
from caudal.embedded import broker_answers, broker_command, free_port
from streams.settings import Settings
from streams.state import keys
from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.partitions import partition_of
from streams.topics.provision import provision
from tests.live.journal import Journal, Ledger, check, shopping, track
from tests.patience import PATIENCE
from tests.processes import await_log, run_command, start_worker, worker_process
from tests.servers import Servers

CRASHED = 70

Start = Callable[..., Child]
"""Starts a worker with the settings and armed faults given."""


def renew(settings: Settings, topic: str) -> None:
    """Deletes a topic and creates it again, empty."""
    admin = KafkaAdminClient(bootstrap_servers=settings.broker.split(","))
    admin.delete_topics([topic])
    while topic in admin.list_topics():
        time.sleep(0.1)
    admin.close()
    provision(settings)


def accepted(settings: Settings) -> str:
    """What `caudal topics accept` says, once the broker has noticed that the last worker is gone."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return run_command(settings, "topics", "accept")
        except ChildFailed as fault:
            if "are running" not in str(fault) or time.monotonic() > deadline:
                raise
            time.sleep(1)


def end_of(child: Child) -> int:
    try:
        return child.process.wait(timeout=120)
    except TimeoutExpired:
        raise AssertionError(f"{child.name} goes on and on.{child.tail()}") from None


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that may end by themselves; what still runs is stopped."""
    children: list[Child] = []

    def starting(chosen: Settings = settings, faults: str = "") -> Child:
        children.append(start_worker(chosen, tmp_path, f"doomed-{len(children)}", {"CAUDAL_FAULTS": faults}))
        return children[-1]

    yield starting
    for child in children:
        child.stop(1.0)


def test_a_worker_whose_consumer_silently_stops_ends_itself(settings: Settings, start: Start, tmp_path: Path) -> None:
    hasty = settings.model_copy(update={"stall_timeout": 6.0})
    worker = start(hasty, "consumer.before_delivery=hang@3")
    await_log(worker, "worker ready")
    journal = Journal(settings)
    journal.send(shopping(2_000), pause=0.005)
    assert end_of(worker) == CRASHED
    assert "nothing moves" in worker.log.read_text()
    with worker_process(settings, tmp_path, "next"):
        check(journal, Ledger(settings).wait(journal))


def test_a_worker_whose_event_loop_hangs_ends_itself(settings: Settings, start: Start, tmp_path: Path) -> None:
    hasty = settings.model_copy(update={"stall_timeout": 6.0})
    worker = start(hasty, "journey.before_commit=sleep:60")
    journal = Journal(settings)
    journal.send(shopping(500))
    assert end_of(worker) == CRASHED
    log = worker.log.read_text()
    assert "the event loop is blocked" in log
    assert "the event loop hangs" in log
    with worker_process(settings, tmp_path, "next"):
        check(journal, Ledger(settings).wait(journal))


def test_a_worker_that_waits_for_redis_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    """Redis refuses every write for longer than the watchdog's patience."""
    import redis

    hasty = settings.model_copy(update={"stall_timeout": 4.0})
    journal = Journal(settings)
    with worker_process(hasty, tmp_path), redis.Redis.from_url(settings.redis_url) as client:
        client.config_set("maxmemory", "1mb")
        try:
            journal.send(shopping(500))
            time.sleep(12)
        finally:
            client.config_set("maxmemory", "0")
        check(journal, Ledger(settings).wait(journal))


@pytest.mark.parametrize("topic", [CUSTOMER_EVENTS.name, WEB.name])
def test_a_renewed_topic_is_refused_and_accepting_it_loses_nothing(
    servers: Servers, settings: Settings, start: Start, tmp_path: Path, topic: str
) -> None:
    if servers.embedded:
        pytest.skip("the embedded broker never forgets a worker that died, so its group is never empty")
    journal = Journal(settings)
    with worker_process(settings, tmp_path, "first") as first:
        journal.send(shopping(1_000))
        check(journal, Ledger(settings).wait(journal))
        renew(settings, topic)
        assert end_of(first) == CRASHED
    refused = start()
    assert end_of(refused) == 1
    assert "caudal topics accept" in refused.log.read_text()
    journal.send(shopping(700, start=1_000, seed=2))
    assert f"accepted {topic}" in accepted(settings)
    with worker_process(settings, tmp_path, "second"):
        check(journal, Ledger(settings).wait(journal))


def test_a_topic_with_another_number_of_partitions_is_refused(settings: Settings, start: Start) -> None:
    other = settings.model_copy(update={"customer_partitions": settings.customer_partitions + 1})
    refused = start(other)
    assert end_of(refused) == 1
    assert f"the settings want {other.customer_partitions}" in refused.log.read_text()


def test_a_foreign_producer_cannot_split_a_customer_over_two_partitions(settings: Settings, tmp_path: Path) -> None:
    journal = Journal(settings)
    with worker_process(settings, tmp_path):
        journal.send(shopping(100, customers=3))
        states = Ledger(settings).wait(journal)
        customer = next(iter(states))
        wrong = (partition_of(customer, settings.customer_partitions) + 1) % settings.customer_partitions
        event = {"event": "Product Viewed", "id": "m", "customer": customer, "channel": "web", "at": 1, "received": 1}
        producer = KafkaProducer(bootstrap_servers=settings.broker.split(","), acks="all")
        value = json.dumps({**event, "item": "mug"}).encode()
        producer.send(CUSTOMER_EVENTS.name, value=value, partition=wrong, headers=[("origin", b"none")])
        producer.flush(30)
        producer.close()
        journal.send(iter([track(customer, "Product Viewed", "after", {"product_id": "mug"})]))
        check(journal, Ledger(settings).wait(journal))
    import redis

    with redis.Redis.from_url(settings.redis_url) as client:
        assert not client.exists(keys.customer(wrong, customer))


def test_a_worker_takes_partitions_once_its_kernels_are_compiled(settings: Settings, tmp_path: Path) -> None:
    with worker_process(settings, tmp_path) as worker:
        told = [json.loads(line)["event"] for line in worker.log.read_text().splitlines()]
    assert told.index("kernels ready") < told.index("partitions assigned")


def test_a_worker_whose_kafka_goes_away_while_it_compiles_waits_for_it(
    settings: Settings, start: Start, tmp_path: Path
) -> None:
    port = free_port()
    own = {"broker": f"127.0.0.1:{port}", "idempotent_producer": False, "replication": 1}
    broker = running_broker(port, tmp_path / "broker.log")
    try:
        elsewhere = settings.model_copy(update=own)
        provision(elsewhere)
        worker = start(elsewhere)
        await_log(worker, "readying kernels")
        os.killpg(broker.process.pid, signal.SIGSTOP)
        await_log(worker, "waiting for a dependency")
        os.killpg(broker.process.pid, signal.SIGCONT)
        await_log(worker, "partitions assigned")
        worker.stop(20.0)
    finally:
        os.killpg(broker.process.pid, signal.SIGCONT)
        broker.stop(1.0)


def running_broker(port: int, log: Path) -> Child:
    """An embedded broker of this test's own."""
    child = Child.start("broker", broker_command(port, log.parent), log)
    child.wait_ready(lambda: broker_answers(port), 60)
    return child
