"""Timers over sockets: a cart left an hour ago is reminded of once, a visit ends though a worker is killed over it."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaProducer

from caudal.shop import load_shop
from retail.catalog import Item
from retail.customers import CustomerState
from retail.decisions import Push, decode_decision
from retail.events import Channel, StoreEntered, encode_event
from retail.offers import Benefit, BenefitKind, Offer, Trigger
from streams.faults import VARIABLE, Point
from streams.origin import unmarked_header
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, PROMOTIONS
from streams.topics.partitions import partition_of
from streams.topics.shop import Shop
from tests.live.journal import Ledger
from tests.live.test_pushes import AWAKE, inbox_once_filled
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import gateway_process, start_worker, worker_process

pytestmark = pytest.mark.live

HOUR = 3_600_000
KILLED = -9


def now() -> int:
    return int(time.time() * 1000)


def open_shop(settings: Settings) -> None:
    benefit = Benefit(BenefitKind.PERCENT, 10)
    triggers = frozenset({Trigger.CART_ABANDONED})
    reminder = Offer(id="reminder", name="R", title="Still there", body="-10 %", benefit=benefit, triggers=triggers)
    load_shop(Shop([Item(id="mug", name="Mug", category="Kitchen", price=100)], [], [reminder]), settings)


def body(kind: str, message: str, age: int = 0, **more: object) -> dict[str, object]:
    at = datetime.fromtimestamp((now() - age) / 1000, UTC).isoformat()
    return {"type": kind, "messageId": message, "userId": "ana", "timestamp": at, **more}


def state_once(settings: Settings, customer: str, ready: object) -> CustomerState | None:
    """The customer's state as soon as it is as wanted, or when the patience has run out."""
    deadline = time.monotonic() + PATIENCE
    while True:
        state = Ledger(settings).states(iter([customer])).get(customer)
        if (state is not None and ready(state)) or time.monotonic() > deadline:  # type: ignore[operator]
            return state
        time.sleep(0.1)


def test_a_cart_left_an_hour_ago_is_reminded_of_once(settings: Settings, tmp_path: Path) -> None:
    open_shop(settings)
    consent = {"consent": {"categoryPreferences": {"marketing_push": True}}}
    with worker_process(settings, tmp_path), gateway_process(settings, tmp_path) as gateway:
        said = body("identify", "m1", 2 * HOUR, traits={"timezone": AWAKE}, context=consent)
        assert gateway.post("/v1/identify", said).status == 200
        left = body("track", "m2", HOUR + 60_000, event="Product Added", properties={"product_id": "mug"})
        assert gateway.post("/v1/track", left).status == 200

        [message] = inbox_once_filled(gateway, "ana")
        time.sleep(3)

        pushes = [decode_decision(value) for _, value in read_all(settings, PROMOTIONS.name)]
    assert [type(push) for push in pushes] == [Push]
    assert message["decision"] == pushes[0].id


def enter_in_the_past(settings: Settings, customer: str) -> None:
    """Straight into the log, where a worker left it an hour ago."""
    at = now() - HOUR
    event = StoreEntered(id="m", customer=customer, channel=Channel.APP, at=at, received=at, store="corner")
    producer = KafkaProducer(bootstrap_servers=settings.broker.split(","), acks="all")
    place = partition_of(customer, settings.customer_partitions)
    producer.send(CUSTOMER_EVENTS.name, encode_event(event), customer.encode(), [unmarked_header()], place)
    producer.flush(30)
    producer.close()


def test_a_visit_ends_once_though_the_worker_that_noticed_is_killed(settings: Settings, tmp_path: Path) -> None:
    enter_in_the_past(settings, "bea")
    doomed = start_worker(settings, tmp_path, "doomed", {VARIABLE: f"{Point.TIMERS_BEFORE_PUBLISH}=kill"})
    assert doomed.process.wait(timeout=120) == KILLED
    before = state_once(settings, "bea", lambda state: state.visit is not None)
    assert before is not None
    assert before.visit is not None
    assert before.timers

    with worker_process(settings, tmp_path, "heir"):
        after = state_once(settings, "bea", lambda state: state.visit is None)

    assert after is not None
    assert (after.visit, after.timers, after.left_at, after.version) == (None, {}, before.visit.last, 1)
