"""What nobody should send, sent: always a clear error in JSON, never a 5xx, and the gateway goes on."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.envelopes import open_batch, open_single
from gateway.errors import Refused
from gateway.sightings import open_sightings
from tests.unit.gateway.running import Running

MALFORMED = {
    "nothing": b"",
    "half a batch": b'{"batch":[{"userId":"1"}',
    "no JSON": b"hello",
    "NaN alone": b"NaN",
    "a byte order mark": b'\xef\xbb\xbf{"batch":[]}',
    "something behind it": b'{"batch":[]} {}',
    "nested without end": b'{"batch":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "no UTF-8": b'{"batch":[],"writeKey":"\xff"}',
}


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/sightings"])
@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_json_is_refused_and_nothing_of_it_kept(gateway: Running, path: str, name: str) -> None:
    answer = await gateway.post(path, MALFORMED[name], "app")
    if (path, name) == ("/v1/batch", "no UTF-8"):
        assert answer.status_code == 200  # the key came in the header; what the body says of it is not asked
        return
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert [record for record in gateway.kafka.records if record.topic != "events.rejected"] == []


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b'"text"', b"null", b"{}", b'{"batch":{}}', b'{"batch":null}', b'{"batch":"x"}']
)
async def test_a_batch_of_the_wrong_shape_is_told_the_right_one(gateway: Running, body: bytes) -> None:
    answer = await gateway.post("/v1/batch", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_type")
    assert '"batch"' in answer.json()["message"]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/sightings"])
async def test_a_body_of_10_mb_is_refused(gateway: Running, path: str) -> None:
    answer = await gateway.post(path, b"x" * 10_000_000, "app")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_does_not_say_its_length_is_cut_off_at_the_limit(gateway: Running) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65_536

    answer = await gateway.client.post("/v1/batch", content=endless(), headers={"x-api-key": "app-key"})
    assert answer.status_code == 413


async def test_a_gzip_bomb_is_refused_before_it_unfolds(gateway: Running) -> None:
    bomb = gzip.compress(b"0" * 60_000_000, 9)
    answer = await gateway.post("/v1/batch", bomb, **{"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[]}',
        gzip.compress(b'{"batch":[]}', mtime=0)[:-6],
        gzip.compress(b'{"batch":[]}', mtime=0) + b"more",
        zlib.compress(b"{}"),
        b"",
    ],
)
async def test_what_is_not_gzip_is_refused_as_such(gateway: Running, body: bytes) -> None:
    answer = await gateway.post("/v1/batch", body, **{"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_gzip")


async def test_an_encoding_that_is_not_known_is_refused(gateway: Running) -> None:
    answer = await gateway.post("/v1/batch", b"x", **{"content-encoding": "br"})
    assert answer.status_code == 415


async def test_more_events_than_a_batch_may_hold_are_refused(gateway: Running) -> None:
    answer = await gateway.post("/v1/batch", b'{"batch":[' + b"{}," * 5_000 + b"{}]}")
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_long")


async def test_a_context_copied_into_many_events_cannot_fill_the_memory(gateway: Running) -> None:
    shared = {"batch": [{"userId": "1"}] * 4_000, "context": {"text": "x" * 20_000}}
    answer = await gateway.post("/v1/batch", shared)
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    assert gateway.kafka.records == []


async def test_a_sender_who_dawdles_is_let_go(gateway: Running) -> None:
    reader, writer = await asyncio.open_connection(*gateway.address)
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nX-Api-Key: app-key\r\nContent-Length: 100\r\n\r\n"
    writer.write(head + b'{"batch":')
    assert b" 408 " in await reader.readline()
    writer.close()


async def test_a_path_that_does_not_exist_and_a_method_that_is_not_offered_are_told(gateway: Running) -> None:
    missing = await gateway.get("/v1/nothing")
    wrong = await gateway.get("/v1/batch")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


async def test_requests_beyond_the_room_there_is_wait_and_come_back(gateway: Running) -> None:
    batch = {"batch": [{"userId": "1"}]}
    whole = await gateway.post("/v1/batch", batch)
    assert whole.status_code == 200
    exposition = (await gateway.get("/metrics")).text
    assert "caudal_pending_bytes 0.0" in exposition


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(["batch", "sightings", "userId", "writeKey", "sentAt", "context", "messageId", "beacon"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.dictionaries(fields, json_values).map(msgspec.json.encode)))
def test_whatever_is_posted_is_opened_or_refused(body: bytes) -> None:
    for opened in (open_batch, open_sightings, lambda raw: open_single(raw, "track")):
        with suppress(Refused):
            assert opened(body).events is not None
