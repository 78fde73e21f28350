"""Requests as no library would write them: one request gets one answer, or none and a closed connection."""

import asyncio
import re

import pytest

from gateway import corked
from tests.unit.gateway.running import Running

EVENT = b'{"event":"Product Viewed","userId":"ana","properties":{"product_id":"mug"}}'
SIZE = str(len(EVENT)).encode()
START = b"POST /v1/track HTTP/1.1\r\nHost: h\r\nX-Api-Key: site-key\r\n"

AMBIGUOUS = {
    "two different lengths": START + b"Content-Length: 5\r\nContent-Length: " + SIZE + b"\r\n\r\n" + EVENT,
    "a length and chunks": START + b"Content-Length: " + SIZE + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks of an unknown kind": START + b"Transfer-Encoding: xchunked\r\n\r\n" + EVENT,
    "a length that is no number": START + b"Content-Length: 1e3\r\n\r\n" + EVENT,
    "a negative length": START + b"Content-Length: -1\r\n\r\n" + EVENT,
    "a header continued on the next line": START
    + b"X-Other: a\r\n b\r\nContent-Length: "
    + SIZE
    + b"x\r\n\r\n"
    + EVENT,
    "space before the colon": START + b"Content-Length : " + SIZE + b"\r\n\r\n" + EVENT,
    "a bare carriage return": START + b"X-Other: a\rContent-Length: 3\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "a chunk size of 2^64": START + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
}


async def said(gateway: Running, raw: bytes) -> bytes:
    """All that comes back until the connection is closed, or nothing more comes."""
    reader, writer = await asyncio.open_connection(*gateway.address)
    writer.write(raw)
    answer = b""
    try:
        async with asyncio.timeout(0.5):
            while chunk := await reader.read(65536):
                answer += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    writer.close()
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", answer)]


@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_a_request_that_can_be_read_in_two_ways_is_read_in_none(gateway: Running, name: str) -> None:
    assert statuses(await said(gateway, AMBIGUOUS[name])) in ([400], [])
    assert gateway.kafka.records == []


async def test_requests_sent_one_behind_the_other_are_answered_in_order(gateway: Running) -> None:
    one = START + b"Content-Length: " + SIZE + b"\r\n\r\n" + EVENT
    other = b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = await said(gateway, one + other + one)
    assert statuses(answer) == [200, 200, 200]
    assert len(gateway.kafka.records) == 2


async def test_a_head_without_an_end_is_cut_off(gateway: Running) -> None:
    header = b"X-Some: " + b"a" * 1000 + b"\r\n"
    assert statuses(await said(gateway, START + header * 200)) == [431]


async def test_a_head_that_comes_drop_by_drop_is_not_waited_for(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corked, "HEAD_DEADLINE", 0.1)
    assert statuses(await said(gateway, START)) == [408]


async def test_who_never_says_a_word_is_hung_up_on(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corked, "SILENCE", 0.1)
    reader, writer = await asyncio.open_connection(*gateway.address)
    async with asyncio.timeout(5.0):
        assert await reader.read() == b""
    writer.close()


async def test_who_asks_on_is_not_hung_up_on_but_who_has_asked_enough(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corked, "SILENCE", 0.2)
    reader, writer = await asyncio.open_connection(*gateway.address)
    event = START + b"Content-Length: " + SIZE + b"\r\n\r\n" + EVENT
    async with asyncio.timeout(5.0):
        for _ in range(4):
            writer.write(event)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.1)
        assert await reader.read() == b""
    writer.close()


async def test_a_thousand_who_only_hold_the_line_disturb_nobody(gateway: Running) -> None:
    held = [await asyncio.open_connection(*gateway.address) for _ in range(1000)]
    for _, writer in held[::2]:
        writer.write(START)
    async with asyncio.timeout(5.0):
        assert (await gateway.get("/livez")).status_code == 200
    for _, writer in held:
        writer.close()
