"""Requests as the field's client libraries send them: each is accepted, and the worker can read what was stored."""

import gzip
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
import pytest

from retail.events import Channel, CustomerIdentified, ProductViewed, Tracked
from retail.wire import refine
from tests.unit.gateway.running import Running

BASIC = {"authorization": "Basic " + b64encode(b"site-key:").decode()}
VIEW = {
    "type": "track",
    "event": "Product Viewed",
    "properties": {"product_id": "mug", "category": "Kitchen", "price": 12.9, "currency": "EUR"},
}


@dataclass(frozen=True)
class Sent:
    """A request. expected: what the worker makes of its events."""

    path: str
    body: dict[str, object]
    expected: list[type]
    headers: dict[str, str] = field(default_factory=lambda: dict(BASIC))
    zipped: bool = False

    @property
    def content(self) -> bytes:
        raw = msgspec.json.encode(self.body)
        return gzip.compress(raw) if self.zipped else raw


PYTHON = Sent(
    "/v1/batch",
    {
        "batch": [
            {
                "integrations": {},
                "anonymousId": None,
                "timestamp": "2026-11-23T02:30:47.162+00:00",
                "type": "identify",
                "context": {"library": {"name": "python"}},
                "userId": "c-42",
                "traits": {"tier": "gold"},
                "messageId": "p-1",
            },
            {
                **VIEW,
                "userId": "c-42",
                "anonymousId": None,
                "timestamp": "2026-11-23T02:30:47.163+00:00",
                "messageId": "p-2",
            },
            {"type": "alias", "previousId": "a-7", "userId": "c-42", "anonymousId": None, "messageId": "p-3"},
            {
                "type": "group",
                "groupId": "household-9",
                "userId": "c-42",
                "traits": {"name": "Ruiz"},
                "messageId": "p-4",
            },
        ],
        "sentAt": "2026-11-23T02:30:47.462985+00:00",
        "writeKey": "site-key",
    },
    [CustomerIdentified, ProductViewed, Tracked, Tracked],
)
PYTHON_ZIPPED = Sent(PYTHON.path, PYTHON.body, PYTHON.expected, {**BASIC, "content-encoding": "gzip"}, zipped=True)
NODE = Sent(
    "/v1/batch",
    {
        "batch": [
            {**VIEW, "userId": "c-42", "messageId": "node-next-1795398906747-1", "_metadata": {"nodeVersion": "v20"}}
        ],
        "sentAt": "2026-11-23T02:31:00.000Z",
        "writeKey": "site-key",
    },
    [ProductViewed],
)
SERVER_AS_FORM = Sent(
    "/v1/batch",
    {
        "batch": [
            {
                **VIEW,
                "userId": "c-42",
                "channel": "server",
                "originalTimestamp": "2026-11-23T02:31:10.000Z",
                "messageId": "r-1",
                "sentAt": "2026-11-23T02:31:11.000Z",
            },
            {
                "type": "identify",
                "userId": "c-42",
                "context": {"traits": {"tier": "gold"}},
                "channel": "server",
                "originalTimestamp": "2026-11-23T02:31:10.000Z",
                "messageId": "r-2",
            },
        ],
        "timestamp": "2026-11-23T02:31:11.000Z",
        "sentAt": "2026-11-23T02:31:11.000Z",
    },
    [ProductViewed, CustomerIdentified],
    {**BASIC, "content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"},
    zipped=True,
)
BROWSER = Sent(
    "/v1/p",
    {
        "timestamp": "2026-11-23T01:55:58.957Z",
        "integrations": {"Segment.io": True},
        "type": "page",
        "properties": {"path": "/index.html", "title": "shop"},
        "context": {"page": {"path": "/"}, "locale": "en-US", "campaign": {}},
        "messageId": "ajs-next-1795398958957-1",
        "anonymousId": "fc68d910",
        "writeKey": "site-key",
        "userId": None,
        "sentAt": "2026-11-23T01:55:59.000Z",
        "_metadata": {"bundled": ["Segment.io"]},
    },
    [Tracked],
    {**BASIC, "content-type": "text/plain", "origin": "https://shop.example"},
)
BROWSER_WITH_EMPTY_IDS = Sent(
    "/v1/track",
    {
        **VIEW,
        "userId": "",
        "anonymousId": "0d1ee2de",
        "channel": "web",
        "originalTimestamp": "2026-11-23T02:01:24.700Z",
        "messageId": "js-1",
        "sentAt": "2026-11-23T02:01:24.737Z",
        "context": {"sessionId": 1795399000000},
    },
    [ProductViewed],
    {
        **BASIC,
        "anonymousid": "MGQxZWUyZGU=",
        "sentat": "2026-11-23T02:01:24.737Z",
        "content-type": "application/json;charset=UTF-8",
    },
)
MOBILE = Sent(
    "/v1/b",
    {
        "batch": [{**VIEW, "anonymousId": "phone-1", "messageId": "k-1", "timestamp": "2026-11-23T02:31:10.000Z"}],
        "sentAt": "2026-11-23T02:31:11.000Z",
        "writeKey": "app-key",
    },
    [ProductViewed],
    {"content-type": "text/plain"},
)
LEAVING = Sent("/beacon/v1/batch?writeKey=site-key", {**NODE.body, "writeKey": None}, [ProductViewed], {})
"""What RudderStack sends by navigator.sendBeacon: a page that is being left can set no headers."""

REQUESTS = {
    "browser, a page that is being left": LEAVING,
    "python": PYTHON,
    "python, gzipped": PYTHON_ZIPPED,
    "node": NODE,
    "node, gzipped JSON that calls itself a form": SERVER_AS_FORM,
    "browser, one request an event": BROWSER,
    "browser, empty ids": BROWSER_WITH_EMPTY_IDS,
    "mobile, key in the body": MOBILE,
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_what_a_client_library_sends_is_accepted_and_understood(gateway: Running, name: str) -> None:
    sent = REQUESTS[name]
    answer = await gateway.client.post(sent.path, content=sent.content, headers=sent.headers)
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert gateway.kafka.rejects() == []
    read = [refine(record.value or b"", Channel.WEB, record.timestamp or 0) for record in gateway.kafka.records]
    assert [type(event) for event in read] == sent.expected


async def test_a_body_of_unknown_length_is_read(gateway: Running) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(MOBILE.content), 50):
            yield MOBILE.content[start : start + 50]

    answer = await gateway.client.post(MOBILE.path, content=chunks(), headers=MOBILE.headers)
    assert answer.status_code == 200
    assert len(gateway.kafka.records) == 1


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/sightings", "/v1/recommendations", "/v1/inbox"])
async def test_a_browser_may_send_whatever_headers_its_library_invented(gateway: Running, path: str) -> None:
    answer = await gateway.client.options(
        path,
        headers={
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,anonymousid,sentat,x-retry-count",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["vary"] == "Origin"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "anonymousid", "sentat", "x-retry-count"))


@pytest.mark.parametrize("key", ["site", "nobody"])
async def test_a_browser_may_read_every_answer_errors_too(gateway: Running, key: str) -> None:
    answer = await gateway.post("/v1/track", {**VIEW, "userId": "ana"}, key, origin="https://shop.example")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["vary"] == "Origin"
