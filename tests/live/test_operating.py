"""What an operator sees and does: status of a system that is well or is not, rejects put back, logs without names."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from caudal.child import Child
from caudal.embedded import EMBEDDED_BROKER, embedded_broker, embedded_redis, free_port
from caudal.shop import load_shop
from retail.catalog import Item
from retail.rejects import decode_rejected
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, DELIVERIES, PROMOTIONS, REJECTED, WEB
from streams.topics.provision import provision
from streams.topics.shop import Shop
from tests.live.journal import Journal, Ledger, shopping, track
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import environment, gateway_process, start_worker, worker_process
from tests.servers import Servers

pytestmark = pytest.mark.live

Ran = subprocess.CompletedProcess[str]


def caudal(settings: Settings, *arguments: str) -> Ran:
    command = [sys.executable, "-m", "caudal", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment(settings), "COLUMNS": "160"},
        check=False,
        timeout=PATIENCE,
    )


def status(settings: Settings) -> dict[str, object]:
    told: dict[str, object] = json.loads(caudal(settings, "status", "--json").stdout)
    return told


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def write(settings: Settings, topic: str, *values: bytes, partition: int | None = None) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.broker.split(","), acks="all")
    for value in values:
        producer.send(topic, key=b"anyone", value=value, partition=partition)
    producer.flush(30)
    producer.close()


def open_rejects(settings: Settings) -> dict[tuple[str, str], int]:
    lines = caudal(settings, "rejects", "list", "--json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return {(heap["reason"], heap["topic"]): heap["count"] for heap in found}


def test_a_system_that_works_is_well_and_says_where_it_stands(
    settings: Settings, servers: Servers, worker: Child
) -> None:
    journal = Journal(settings)
    journal.send(shopping(200))
    Ledger(settings).wait(journal)
    eventually(lambda: status(settings)["well"] is True)
    told = status(settings)
    rows = told["rows"]
    assert isinstance(rows, list)
    assert sum(row["ledger"] for row in rows) == 200
    assert [row["outbox"] for row in rows] == [0] * settings.customer_partitions
    if not servers.embedded:
        assert [row["lag"] for row in rows] == [0] * settings.customer_partitions
        assert all("caudal-" in row["owner"] for row in rows)
        assert told["members"] == 1
    shown = caudal(settings, "status")
    assert shown.returncode == 0
    assert "all is well" in shown.stdout


@pytest.mark.parametrize("missing", ["broker", "redis_url"])
def test_with_a_server_down_the_status_says_so_and_still_tells_the_rest(settings: Settings, missing: str) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    down = settings.model_copy(update={missing: nowhere if missing == "broker" else f"redis://{nowhere}/0"})
    shown = caudal(down, "status")
    assert shown.returncode == 1
    assert nowhere in shown.stdout
    assert "Traceback" not in shown.stderr
    told = status(down)
    assert told["well"] is False
    assert told["redis" if missing == "broker" else "kafka"] == "ok"


@pytest.mark.parametrize("frozen", ["kafka", "redis"])
def test_a_server_that_hangs_holds_up_no_status(frozen: str, tmp_path: Path) -> None:
    with embedded_broker() as broker, embedded_redis() as redis:
        settings = Settings(broker=broker.address, redis_url=redis.address, models=tmp_path, **EMBEDDED_BROKER)
        provision(settings)
        child = broker.child if frozen == "kafka" else redis.child
        assert child is not None
        os.killpg(child.process.pid, signal.SIGSTOP)
        try:
            told = status(settings)
        finally:
            os.killpg(child.process.pid, signal.SIGCONT)
    assert told["well"] is False
    assert "did not answer" in str(told[frozen]) or "does not answer" in str(told[frozen])
    assert told["redis" if frozen == "kafka" else "kafka"] == "ok"


def test_without_topics_the_status_says_what_to_run(servers: Servers, tmp_path: Path) -> None:
    bare = Settings(broker=servers.broker, redis_url=servers.redis_url, models=tmp_path, group="nobody")
    shown = caudal(bare, "status")
    assert shown.returncode == 1
    assert "caudal topics create" in shown.stdout


def test_what_an_unknown_item_held_up_is_applied_once_though_it_is_put_back_twice(
    settings: Settings, tmp_path: Path
) -> None:
    load_shop(Shop([Item(id="mug", name="Mug")], [], []), settings)
    with worker_process(settings, tmp_path):
        journal = Journal(settings)
        journal.send(iter([track("ana", "Product Viewed", "m1", {"product_id": "mug"})]))
        journal.send(iter([track("ana", "Product Added", "m2", {"product_id": "lamp", "quantity": 2})]))
        unknown = ("unknown_item", CUSTOMER_EVENTS.name)
        eventually(lambda: open_rejects(settings) == {unknown: 1})
        nothing_yet = caudal(settings, "rejects", "replay", "--dry-run").stdout
        assert "would be put back" in nothing_yet
        assert open_rejects(settings) == {unknown: 1}
        load_shop(Shop([Item(id="mug", name="Mug"), Item(id="lamp", name="Lamp")], [], []), settings)
        time.sleep(3)  # until the worker has followed the catalogue
        interrupted_before_its_notes(settings)
        assert "1 unknown_item: put back" in caudal(settings, "rejects", "replay", "--reason", "unknown_item").stdout
        assert "nothing to put back" in caudal(settings, "rejects", "replay").stdout
        journal.send(iter([track("ana", "Product Viewed", "m3", {"product_id": "mug"})]))
        eventually(lambda: Ledger(settings).applied_to("ana") >= 3)
        state = Ledger(settings).states(iter(["ana"]))["ana"]
        assert (state.version, state.cart) == (3, {"lamp": 2})
        assert open_rejects(settings) == {}


def interrupted_before_its_notes(settings: Settings) -> None:
    """A replay whose process died after the event was in Kafka, before the note of it was."""
    program = (
        "import asyncio, os\nimport streams.replay as replay\nfrom streams.rejects import Filter\n"
        "from streams.settings import Settings\n"
        "class Dying(replay.Publisher):\n"
        "    async def publish(self, records, timeout):\n"
        "        await super().publish(records, timeout)\n"
        "        os._exit(9)\n"
        "replay.Publisher = Dying\n"
        "asyncio.run(replay.replay(Settings(), Filter(), dry_run=False))\n"
    )
    env = {**os.environ, **environment(settings)}
    assert subprocess.run([sys.executable, "-c", program], env=env, check=False).returncode == 9


def test_an_event_without_an_id_is_let_in_once(settings: Settings, worker: Child) -> None:
    nameless = {"type": "track", "event": "Product Viewed", "userId": "bea", "properties": {"product_id": "mug"}}
    write(settings, WEB.name, json.dumps(nameless).encode(), b"\x1b[2Jnot json")
    eventually(lambda: len(open_rejects(settings)) == 2)
    interrupted_before_its_notes(settings)
    caudal(settings, "rejects", "replay")
    write(settings, WEB.name, json.dumps({**nameless, "messageId": "last"}).encode())
    eventually(lambda: Ledger(settings).applied_to("bea") >= 2)
    eventually(lambda: open_rejects(settings) == {("malformed_json", WEB.name): 1})
    assert Ledger(settings).applied_to("bea") == 2
    heap = json.loads(caudal(settings, "rejects", "list", "--json").stdout)
    shown = caudal(settings, "rejects", "show", heap["position"]).stdout
    assert r"\x1b[2Jnot json" in shown
    assert "\x1b" not in shown
    assert caudal(settings, "rejects", "show", "0/999999").returncode == 1


CANARIES = ("canary-ana-7731", "canary.ana@example.com", "Canarianne", "canary-token-99")
"""An id, an e-mail address, a name, and something else of hers."""


def canary_events() -> list[bytes]:
    """As they should be, and wrong in every way that has a message of its own."""
    customer, email, name, token = CANARIES
    properties: dict[str, object] = {"product_id": token, "quantity": 1, "email": email, "name": name}
    well = track(customer, "Product Viewed", token, properties)
    traits = {"email": email, "firstName": name}
    wrong: list[object] = [
        {**well, "userId": [customer]},
        {**well, "type": email},
        {**well, "event": {"name": name}},
        {**well, "timestamp": {"at": email}},
        {**well, "userId": customer + "\x00"},
        {**well, "messageId": None},
        {**well, "context": {"consent": {"categoryPreferences": {email: name}}}},
        {"type": "identify", "userId": customer, "messageId": token + "-i", "traits": traits},
        {"type": email, "id": token, "customer": customer, "channel": email},
        [email, name],
        email,
    ]
    return [json.dumps(event).encode() for event in (well, *wrong)] + [f'{{"userId":"{email}'.encode(), email.encode()]


def test_no_log_and_no_metric_names_a_customer_whatever_goes_wrong(settings: Settings, tmp_path: Path) -> None:
    load_shop(Shop([Item(id="mug", name="Mug")], [], []), settings)
    port = free_port()
    mine = settings.model_copy(update={"metrics_port": port})
    points = ["identify.before_publish", "journey.before_fold", "journey.before_slates", "journey.after_commit"]
    points += ["relay.before_publish", "deliver.before_post"]
    os.environ["CAUDAL_FAULTS"] = ",".join(f"{point}=raise" for point in points)
    try:
        worker = start_worker(mine, tmp_path)
    finally:
        del os.environ["CAUDAL_FAULTS"]
    try:
        with gateway_process(settings, tmp_path) as gateway:
            customer, email, name, token = CANARIES
            events = canary_events()
            for topic in (WEB.name, DELIVERIES.name, CUSTOMER_EVENTS.name, PROMOTIONS.name, "catalog", "offers"):
                write(settings, topic, *events)
            parsed = [json.loads(event) for event in events[:-2]]
            gateway.post("/v1/batch", {"batch": parsed})
            for body in (*parsed, {"batch": {name: email}}):
                gateway.post("/v1/track", body)
            gateway.get(f"/v1/recommendations?customer={customer}&placement={name}", "site")
            gateway.get(f"/v1/{email}?{token}")
            gateway.post("/v1/sightings", {"userId": customer, "beacon": email, "rssi": name}, scope="app")
            eventually(lambda: Ledger(settings).applied_to(customer) > 0)
            eventually(lambda: len(read_all(settings, REJECTED.name)) >= len(events) * 3)
            shown = [read(f"http://127.0.0.1:{port}/metrics"), read(f"{gateway.url}/metrics")]
        worker.check()
    finally:
        worker.stop(30.0)
    logs = {log.name: log.read_text() for log in tmp_path.glob("*.log")}
    assert "a fault of our own" in logs["worker.log"]
    for where, text in (*logs.items(), *enumerate(shown)):
        assert [canary for canary in CANARIES if canary in text] == [], where
    assert not re.search(r"canary", "".join([*logs.values(), *shown]), re.IGNORECASE)
    names = {family.name for family in text_string_to_metric_families(shown[0])}
    assert {"caudal_lag_seconds", "caudal_rejected_events", "caudal_agent_faults"} <= names
    reasons = {decode_rejected(value).reason for _, value in read_all(settings, REJECTED.name)}
    assert {"malformed_json", "wrong_type", "missing_origin", "unknown_message_type"} <= reasons
    for line in logs["worker.log"].splitlines():
        assert isinstance(json.loads(line), dict)


def read(url: str) -> str:
    with urlopen(url, timeout=PATIENCE) as answer:  # loopback, our own
        return str(answer.read().decode())
