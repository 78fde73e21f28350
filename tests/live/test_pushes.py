"""A customer walks past a beacon: from the sighting over HTTP to the message in the app, once, with its reason."""

import time
from pathlib import Path
from typing import Any

import pytest

from caudal.shop import load_shop
from retail.decisions import Push, Withheld, decode_decision
from retail.events import DeliveryStatus
from retail.offers import Benefit, BenefitKind, Offer
from retail.stores import Beacon, Store, Zone
from streams.settings import Settings
from streams.topics.shop import Shop
from tests.live.journal import Ledger
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import Gateway, gateway_process, worker_process

pytestmark = pytest.mark.live

DAIRY = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:1:1"
BAKERY = "f7826da6-4fa2-4e98-8024-bc5b71e0893e:1:2"

AWAKE = next(
    zone
    for ahead, zone in ((0, "Etc/GMT"), (8, "Etc/GMT-8"), (-8, "Etc/GMT+8"))
    if 9 <= (time.gmtime().tm_hour + ahead) % 24 < 20
)
"""A time zone where it is day now, whenever the test runs: nobody is woken by a push."""


def open_shop(settings: Settings) -> None:
    store = Store(
        id="corner",
        name="Corner shop",
        time_zone=AWAKE,
        zones=(Zone("dairy", "Dairy", ("Cheese",)), Zone("bakery", "Bakery", ("Bread",))),
        beacons=(Beacon(DAIRY, "dairy"), Beacon(BAKERY, "bakery")),
    )
    offer = Offer(id="cheese-week", name="Cheese week", title="Cheese -20 %", body="Today", benefit=_percent(20))
    load_shop(Shop([], [store], [offer]), settings)


def _percent(value: int) -> Benefit:
    return Benefit(BenefitKind.PERCENT, value)


def inbox(gateway: Gateway, customer: str) -> list[Any]:
    messages = gateway.get(f"/v1/inbox?customer={customer}").body["messages"]
    assert isinstance(messages, list)
    return messages


def inbox_once_filled(gateway: Gateway, customer: str) -> list[Any]:
    deadline = time.monotonic() + PATIENCE
    while not (messages := inbox(gateway, customer)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return messages


def consent(gateway: Gateway, settings: Settings, customer: str) -> None:
    """Returns once it is known: the app and the beacons write to different topics, which have no common order."""
    preferences = {"consent": {"categoryPreferences": {"marketing_push": True}}}
    body = {"type": "track", "userId": customer, "event": "Application Opened", "context": preferences}
    assert gateway.post("/v1/track", body, scope="app").status == 200
    deadline = time.monotonic() + PATIENCE
    while not Ledger(settings).states(iter([customer])) and time.monotonic() < deadline:
        time.sleep(0.05)


def walk_past(gateway: Gateway, customer: str, beacon: str) -> None:
    assert gateway.post("/v1/sightings", {"userId": customer, "beacon": beacon, "rssi": -60}, scope="app").status == 200


def decisions(settings: Settings, expected: int) -> list[Push | Withheld]:
    """What was decided, once that many decisions are in Kafka."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [decode_decision(value) for _, value in read_all(settings, "promotions")]
        if len(found) >= expected or time.monotonic() > deadline:
            return found


def test_a_customer_who_agreed_gets_one_push_a_visit_and_the_app_reports_it_back(
    settings: Settings, tmp_path: Path
) -> None:
    open_shop(settings)
    with worker_process(settings, tmp_path), gateway_process(settings, tmp_path) as gateway:
        consent(gateway, settings, "ana")
        walk_past(gateway, "ana", DAIRY)
        (message,) = inbox_once_filled(gateway, "ana")
        walk_past(gateway, "ana", DAIRY)
        walk_past(gateway, "ana", BAKERY)
        push, withheld = decisions(settings, 2)
        assert isinstance(push, Push)
        assert isinstance(withheld, Withheld)
        assert (push.offer, push.zone, withheld.reason) == ("cheese-week", "dairy", "already_sent")
        assert push.why
        assert message["decision"] == push.id
        assert len(inbox(gateway, "ana")) == 1
        assert status_of(settings, "ana", push.id, DeliveryStatus.SENT) is DeliveryStatus.SENT
        tapped = {"decision_id": push.id, "offer_id": push.offer}
        body = {"type": "track", "userId": "ana", "event": "Push Notification Tapped", "properties": tapped}
        assert gateway.post("/v1/track", body, scope="app").status == 200
        assert status_of(settings, "ana", push.id, DeliveryStatus.OPENED) is DeliveryStatus.OPENED


def status_of(settings: Settings, customer: str, decision: str, wanted: DeliveryStatus) -> DeliveryStatus | None:
    """The push's status in the customer's state, once it is the wanted one or the patience has run out."""
    deadline = time.monotonic() + PATIENCE
    while True:
        state = Ledger(settings).states(iter([customer])).get(customer)
        status = next((push.status for push in state.pushes if push.decision == decision), None) if state else None
        if status is wanted or time.monotonic() > deadline:
            return status
        time.sleep(0.05)


def test_a_customer_who_never_agreed_gets_nothing_and_the_reason_is_told(settings: Settings, tmp_path: Path) -> None:
    open_shop(settings)
    with worker_process(settings, tmp_path), gateway_process(settings, tmp_path) as gateway:
        walk_past(gateway, "bea", DAIRY)
        (decision,) = decisions(settings, 1)
        assert isinstance(decision, Withheld)
        assert (decision.customer, decision.reason) == ("bea", "no_consent")
        assert inbox(gateway, "bea") == []


def test_an_unknown_beacon_is_rejected_and_the_walk_goes_on(settings: Settings, tmp_path: Path) -> None:
    open_shop(settings)
    with worker_process(settings, tmp_path), gateway_process(settings, tmp_path) as gateway:
        consent(gateway, settings, "cleo")
        walk_past(gateway, "cleo", DAIRY.replace(":1:1", ":9:9"))
        walk_past(gateway, "cleo", DAIRY)
        assert len(inbox_once_filled(gateway, "cleo")) == 1
        assert len(read_all(settings, "events.rejected")) == 1
