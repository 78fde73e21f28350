"""One customer on several devices, over sockets: hammered from both, killed in between, merged and split by command."""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path

import msgspec
from kafka import KafkaProducer

from caudal.child import Child
from gateway.answers import Profile
from retail.customers import CustomerState
from streams.settings import Settings
from streams.topics import APP, IDENTITIES, WEB
from tests.live.journal import Journal, Ledger, check
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import Gateway, run_command, worker_process

PEOPLE = 20

TOPICS = {"web": WEB.name, "app": APP.name}

Sent = tuple[str, str, dict[str, object]]
"""Device, person, event."""


@dataclass
class Household(Journal):
    """Everything sent, per person, whatever identifier it came under."""

    def send_from(self, events: Iterator[Sent]) -> None:
        """Written as the gateway does: keyed by the event's strongest identifier."""
        producer = KafkaProducer(bootstrap_servers=self.settings.broker.split(","), acks="all")
        for device, person, event in events:
            self.note({**event, "userId": person})
            key = str(event.get("userId") or f"anonymous:{event['anonymousId']}")
            producer.send(TOPICS[device], key=key.encode(), value=json.dumps(event).encode())
            time.sleep(0.0005)
        producer.flush(30)
        producer.close()


def both(first: int, count: int) -> Iterator[Sent]:
    """Both devices of everybody at once."""
    return chain.from_iterable(zip(*(shopping(device, first, count) for device in TOPICS), strict=True))


def shopping(device: str, first: int, count: int) -> Iterator[Sent]:
    """Seeded events of everybody on one kind of device, every fifth logged in; what is bought was in no cart."""
    draw = random.Random(f"{device}{first}")
    for n in range(first, first + count):
        person = f"user-{draw.randrange(PEOPLE)}"
        event: dict[str, object] = {"type": "track", "messageId": f"{device}-{n}", "anonymousId": f"{device}-{person}"}
        if draw.random() < 0.2:
            event["userId"] = person
        yield device, person, {**event, **_done(draw, n)}


def _done(draw: random.Random, n: int) -> dict[str, object]:
    if draw.random() < 0.2:
        lines = [{"product_id": f"bread-{draw.randrange(20)}", "quantity": 1, "price": 1.5}]
        return {"event": "Order Completed", "properties": {"order_id": f"o-{n}", "products": lines}}
    item = {"product_id": f"item-{draw.randrange(20)}", "quantity": 1 + draw.randrange(3)}
    return {"event": "Product Added", "properties": item}


def logins() -> Iterator[Sent]:
    """Everybody is known on both devices at last."""
    for person, device in product([f"user-{n}" for n in range(PEOPLE)], TOPICS):
        known = {"userId": person, "anonymousId": f"{device}-{person}"}
        yield device, person, {"type": "identify", "messageId": f"{device}-in-{person}", **known}


def settled(journal: Journal, ledger: Ledger) -> dict[str, CustomerState]:
    """The states once every message was applied and nothing moves any more."""
    ledger.wait(journal)
    deadline = time.monotonic() + PATIENCE
    before = -1
    while before != (applied := ledger.applied()) and time.monotonic() < deadline:
        before = applied
        time.sleep(1.0)
    return ledger.states(iter(journal.sent))


def test_two_devices_hammered_while_workers_are_killed_lose_and_double_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    journal, ledger = Household(settings), Ledger(settings)
    for number in range(2):
        with (
            worker_process(settings, tmp_path, f"first-{number}") as first,
            worker_process(settings, tmp_path, f"second-{number}"),
        ):
            journal.send_from(both(number * 1000, 500))
            os.killpg(first.process.pid, signal.SIGKILL)
            journal.send_from(both(number * 1000 + 500, 300))
    with worker_process(settings, tmp_path, "last"):
        journal.send_from(logins())
        check(journal, settled(journal, ledger))


def awaited(look: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.2)
    return False


def shown(settings: Settings, identifier: str) -> Profile:
    return msgspec.json.decode(run_command(settings, "customer", "show", identifier, "--json"), type=Profile)


def test_an_operator_merges_and_splits_and_it_is_on_the_record(
    settings: Settings, worker: Child, gateway: Gateway
) -> None:
    for customer, item in (("userId", "mug"), ("anonymousId", "lamp")):
        event = {"event": "Product Added", "messageId": f"m-{item}", "properties": {"product_id": item, "quantity": 1}}
        assert gateway.post("/v1/track", {**event, customer: "ana"}).status == 200
    assert awaited(lambda: gateway.get("/v1/session?anonymousId=ana").body["version"] == 1)
    run_command(settings, "customer", "merge", "ana", "anonymous:ana", "--actor", "eve")
    assert awaited(lambda: gateway.get("/v1/session?anonymousId=ana").body["cart"] == {"mug": 1, "lamp": 1})
    assert shown(settings, "anonymous:ana").customer == "ana"
    assert gateway.post("/v1/customers/split", {"identifier": "anonymous:ana", "actor": "eve"}, "admin").status == 200
    assert awaited(lambda: gateway.get("/v1/session?customer=ana").body["cart"] == {"mug": 1})
    assert gateway.get("/v1/session?anonymousId=ana").body["cart"] == {"lamp": 1}
    notes = [json.loads(value) for _, value in read_all(settings, IDENTITIES.name)]
    assert sorted((note["act"], note.get("actor", "")) for note in notes) == [
        ("linked", ""),
        ("merge_ordered", "eve"),
        ("split_ordered", "eve"),
        ("withdrawn", ""),
    ]
