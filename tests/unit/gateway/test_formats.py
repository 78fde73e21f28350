"""Requests in the formats of others arrive as events of ours, whoever sends them and however."""

from base64 import b64encode

import pytest

from retail.events import Channel, OrderCompleted, ProductViewed, Tracked
from retail.wire import refine
from streams.topics import APP, WEB
from tests.unit.gateway.running import Running

CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/pos/7",
    "type": "com.example.product_viewed",
    "userid": "ana",
    "data": {"product_id": "mug"},
}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/pos/7",
    "ce-type": "product_viewed",
    "ce-userid": "Jos%C3%A9",
}
TP2 = "/com.snowplowanalytics.snowplow/tp2"


def kinds(gateway: Running) -> list[type]:
    return [type(refine(r.value or b"", Channel.WEB, r.timestamp or 0)) for r in gateway.kafka.records]


@pytest.mark.parametrize("path", ["/v1/cloudevents", "/v1/events"])
async def test_a_cloud_event_is_taken_in_each_mode(gateway: Running, path: str) -> None:
    assert (await gateway.post(path, CLOUD_EVENT, **STRUCTURED)).content == b'{"success":true}'
    assert (await gateway.post(path, [CLOUD_EVENT, {**CLOUD_EVENT, "id": "2"}], **BATCHED)).status_code == 200
    assert (await gateway.post(path, {"product_id": "mug"}, **BINARY)).status_code == 200
    assert kinds(gateway) == [ProductViewed] * 4
    assert [record.key for record in gateway.kafka.records] == [b"ana", b"ana", b"ana", "José".encode()]


async def test_one_bad_cloud_event_costs_none_of_its_batch(gateway: Running) -> None:
    answer = await gateway.post("/v1/events", [{**CLOUD_EVENT, "specversion": "0.3"}, CLOUD_EVENT], **BATCHED)
    assert answer.status_code == 200
    (rejected,) = gateway.kafka.rejects()
    assert (rejected.reason, rejected.source) == ("unknown_version", "http /v1/events")
    assert b'"0.3"' in rejected.raw_bytes()


async def test_a_body_that_is_no_cloud_event_says_how_to_send_one(gateway: Running) -> None:
    answer = await gateway.post("/v1/events", CLOUD_EVENT, **{"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unknown_mode")
    assert "application/cloudevents+json" in answer.json()["message"]


async def test_measurements_are_authorised_by_their_secret(gateway: Running) -> None:
    items = [{"item_id": "mug", "quantity": 1, "price": 12.9}]
    body = {"client_id": "1.2", "events": [{"name": "purchase", "params": {"transaction_id": "t", "items": items}}]}
    path = "/mp/collect?measurement_id=G-1&api_secret="
    assert (await gateway.post(f"{path}app-key", body, "")).status_code == 200
    assert (await gateway.post(f"{path}nobody", body, "")).status_code == 401
    assert [record.topic for record in gateway.kafka.records] == [APP.name]
    assert kinds(gateway) == [OrderCompleted]


async def test_a_tracker_is_authorised_by_its_application_id(gateway: Running) -> None:
    rows = [{"e": "pv", "page": "Shoe", "uid": "ana", "eid": "e-1", "aid": "site-key"}]
    assert (await gateway.post(TP2, {"schema": "iglu:x", "data": rows}, "")).status_code == 200
    pixel = await gateway.get("/i?e=pv&duid=web-1&eid=e-2&aid=site-key", "")
    assert (pixel.status_code, pixel.headers["content-type"]) == (200, "image/gif")
    assert (await gateway.get("/i?e=pv&duid=web-1&aid=nobody", "")).status_code == 401
    assert [record.topic for record in gateway.kafka.records] == [WEB.name, WEB.name]
    assert kinds(gateway) == [Tracked, Tracked]


async def test_a_page_may_send_its_cookies_to_a_tracker_and_nowhere_else(gateway: Running) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,sp-anonymous",
    }
    allowed = await gateway.client.options(TP2, headers=asked)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["access-control-allow-headers"] == "content-type,sp-anonymous"
    answer = await gateway.post(TP2, {"data": []}, "site", origin="https://shop.example")
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-credentials" not in (await gateway.client.options("/v1/t", headers=asked)).headers


@pytest.mark.parametrize("path", ["/v1/events", "/mp/collect?api_secret=site-key", TP2])
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"data": 5}', b"\xff\xfe", b'{"events": [1]}', b"null"])
async def test_nonsense_is_told_so(gateway: Running, path: str, body: bytes) -> None:
    answer = await gateway.post(path, body, "site", **STRUCTURED)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or answer.json()["code"]


async def test_a_tracker_whose_rows_say_nothing_is_told_by_the_rejects(gateway: Running) -> None:
    encoded = b64encode(b"{").decode()
    await gateway.post(TP2, {"data": [{"e": "ue", "ue_px": encoded, "aid": "site-key"}]}, "")
    (rejected,) = gateway.kafka.rejects()
    assert rejected.reason == "malformed_json"
