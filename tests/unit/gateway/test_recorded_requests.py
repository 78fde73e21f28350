"""Requests recorded from nine client libraries, browser ones with their preflights, each answered as its library needs.

fixtures/sdk_requests.jsonl: one request a line, headers that do not matter left out, bodies as they were before gzip.
"""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from pydantic import SecretStr

from retail.errors import EventRefused
from retail.events import Channel, Event
from retail.wire import refine
from streams.topics import WEB
from tests.unit.gateway.running import SETTINGS, Running, running

KEYS = "WRITE_KEY_1,WRITE_KEY_R,WRITE_KEY_N,WRITE_KEY_RN,WRITE_KEY_B,WRITE_KEY_RB,shop-web,shop"
"""Those the recorded shops used; the last two are the application ids of trackers."""


class Recorded(msgspec.Struct):
    sdk: str
    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def content(self) -> bytes:
        raw = self.body.encode()
        return gzip.compress(raw) if self.headers.get("content-encoding") == "gzip" else raw

    @property
    def events(self) -> int:
        """That it is about, by its own outline."""
        if self.method != "POST":
            return int(self.path.startswith("/i?"))
        body = msgspec.json.decode(self.body)
        return len(body.get("batch", body.get("data", [body])))


RECORDED = [
    msgspec.json.decode(line, type=Recorded)
    for line in (Path(__file__).parent / "fixtures" / "sdk_requests.jsonl").read_text().splitlines()
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Running]:
    async with running(SETTINGS.model_copy(update={"site_keys": SecretStr(KEYS)})) as gateway:
        yield gateway


def outcome(gateway: Running) -> tuple[list[Event], list[str]]:
    """What the worker makes of what was stored, and why the rest is refused, by the gateway or by the worker."""
    read: list[Event] = []
    refused = [reject.reason for reject in gateway.kafka.rejects()]
    for record in gateway.kafka.records:
        if record.topic == WEB.name:
            try:
                read.append(refine(record.value or b"", Channel.WEB, record.timestamp or 0))
            except EventRefused as fault:
                refused.append(fault.code)
    return read, refused


def is_anonymous(customer: str) -> bool:
    """Named by the recording, or by a random id of the library's own."""
    kind, _, name = customer.partition(":")
    return kind == "anonymous" and (name == "anon-7" or len(name) == 36)


@pytest.mark.parametrize("number", range(len(RECORDED)), ids=lambda n: f"{n} {RECORDED[n].sdk} {RECORDED[n].path[:24]}")
async def test_a_recorded_request_is_answered_as_its_library_needs(gateway: Running, number: int) -> None:
    sent = RECORDED[number]
    answer = await gateway.client.request(sent.method, sent.path, content=sent.content, headers=sent.headers)
    assert answer.status_code in (200, 204)
    if "origin" in sent.headers:
        assert answer.headers["access-control-allow-origin"] in (sent.headers["origin"], "*")
    if sent.method == "OPTIONS":
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert all(name in allowed for name in sent.headers["access-control-request-headers"].split(","))
    if sent.method == "POST":
        assert answer.content == b'{"success":true}'
    read, refused = outcome(gateway)
    assert len(read) + len(refused) >= sent.events
    assert all(event.customer == "cust-42" or is_anonymous(event.customer) for event in read)


async def test_of_all_that_was_recorded_only_what_names_no_item_is_refused(gateway: Running) -> None:
    for sent in RECORDED:
        await gateway.client.request(sent.method, sent.path, content=sent.content, headers=sent.headers)
    read, refused = outcome(gateway)
    assert len(read) > 30
    assert set(refused) <= {"missing_item", "missing_id"}
