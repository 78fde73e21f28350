"""Whatever way a request comes over its connection, it is answered as one that comes whole and alone."""

import asyncio
import re

import pytest

from tests.unit.gateway.running import Running

EVENT = b'{"event":"Product Viewed","userId":"ana","messageId":"m","properties":{"product_id":"mug"}}'
LENGTH = b"Content-Length: %d\r\n" % len(EVENT)
HEAD = b"POST /v1/track HTTP/1.1\r\nHost: h\r\nX-Api-Key: site-key\r\n"
WHOLE = HEAD + LENGTH + b"\r\n" + EVENT
SLATE = b"GET /v1/recommendations?customer=ana&limit=3 HTTP/1.1\r\nHost: h\r\nX-Api-Key: app-key\r\n\r\n"
STREAM = b"GET /v1/inbox/stream?customer=ana HTTP/1.1\r\nHost: h\r\nX-Api-Key: app-key\r\n\r\n"

SPECIAL = {
    "closes": HEAD + b"Connection: close\r\n" + LENGTH + b"\r\n" + EVENT,
    "keeps alive": HEAD + b"Connection: keep-alive\r\n" + LENGTH + b"\r\n" + EVENT,
    "HTTP/1.0": (HEAD + LENGTH + b"\r\n" + EVENT).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(EVENT), EVENT),
    "asks first": HEAD + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n" + EVENT,
    "with a fragment": WHOLE.replace(b"/v1/track", b"/v1/track?a=b#c"),
    "an escaped path": WHOLE.replace(b"/v1/track", b"/v1/%74rack"),
}


async def heard(gateway: Running, *pieces: bytes, answers: int) -> bytes:
    """What comes back until so many answers are there. Each piece leaves by itself."""
    reader, writer = await asyncio.open_connection(*gateway.address)
    writer.get_extra_info("socket").setsockopt(6, 1, 1)  # TCP_NODELAY: a piece is a segment
    received = b""
    async with asyncio.timeout(20):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        while len(statuses(received)) < answers or not received.endswith((b"}", b"\n")):
            if not (chunk := await reader.read(65536)):
                break
            received += chunk
    writer.close()
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 ([2-5]\d\d)", received)]


@pytest.mark.parametrize("name", SPECIAL)
async def test_an_event_is_taken_once_whatever_its_request_asks_of_the_server(gateway: Running, name: str) -> None:
    assert statuses(await heard(gateway, SPECIAL[name], answers=1)) == [200]
    assert len(gateway.kafka.records) == 1


@pytest.mark.parametrize("cut", [1, len(HEAD), len(WHOLE) - len(EVENT), len(WHOLE) - 1])
async def test_an_event_that_comes_in_two_pieces_is_taken_once(gateway: Running, cut: int) -> None:
    assert statuses(await heard(gateway, WHOLE[:cut], WHOLE[cut:], answers=1)) == [200]
    assert len(gateway.kafka.records) == 1


async def test_requests_that_come_together_are_answered_in_order(gateway: Running) -> None:
    received = await heard(gateway, SLATE + WHOLE + SLATE, answers=3)
    assert statuses(received) == [200, 200, 200]
    assert [b"items" in answer for answer in received.split(b"HTTP/1.1 ")[1:]] == [True, False, True]


async def test_a_request_that_comes_while_another_is_answered_waits_its_turn(gateway: Running) -> None:
    received = await heard(gateway, WHOLE + SLATE[:20], SLATE[20:] + WHOLE, answers=3)
    assert [b"items" in answer for answer in received.split(b"HTTP/1.1 ")[1:]] == [False, True, False]


async def test_a_connection_closes_when_it_was_asked_to_and_stays_open_else(gateway: Running) -> None:
    assert statuses(await heard(gateway, SPECIAL["closes"] + WHOLE, answers=2)) == [200]
    assert statuses(await heard(gateway, SPECIAL["keeps alive"], WHOLE, answers=2)) == [200, 200]


async def test_a_sender_that_left_harms_nobody(gateway: Running) -> None:
    _, writer = await asyncio.open_connection(*gateway.address)
    writer.write(SLATE)
    writer.transport.abort()
    assert statuses(await heard(gateway, SLATE, answers=1)) == [200]


async def test_a_stream_is_still_a_stream(gateway: Running) -> None:
    received = await heard(gateway, STREAM, answers=1)
    assert b"text/event-stream" in received


async def test_an_answer_under_way_is_given_before_the_gateway_stops(gateway: Running) -> None:
    """A protocol that is told to shut down closes behind the answer, and says so."""
    reader, writer = await asyncio.open_connection(*gateway.address)
    writer.write(SLATE)
    async with asyncio.timeout(20):
        while not (waiting := [one for one in gateway.server.server_state.connections if _is_answering(one)]):
            await asyncio.sleep(0)
        for one in waiting:
            one.shutdown()
        received = await reader.read()
    writer.close()
    assert statuses(received) == [200]
    assert b"connection: close" in received


def _is_answering(connection: object) -> bool:
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete
