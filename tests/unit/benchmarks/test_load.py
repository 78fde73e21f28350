import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks.client import LOST, Client, Reply
from benchmarks.load import Plan, closed_loop
from benchmarks.steady import Steady
from benchmarks.tally import Outcome, Tally
from benchmarks.workload import Shape

ASKED = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
STALL = 0.2
"""Seconds that the slow server needs for its first answer."""

Answering = Callable[[asyncio.StreamWriter, int], object]


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[tuple[str, int]]:
    """The address of a server that answers the n-th request so."""
    asked, conversations = 0, set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        conversations.add(asyncio.current_task())
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            number, asked = asked, asked + 1
            done = answer(writer, number)
            if asyncio.iscoroutine(done):
                await done
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[:2]
        await asyncio.gather(*filter(None, conversations))


@asynccontextmanager
async def serving(answer: Answering, connections: int = 1) -> AsyncIterator[Client]:
    """A client of such a server."""
    async with answering(answer) as address:
        client = Client(*address)
        await client.open(connections)
        yield client
        client.close()


async def steadily(answer: Answering, per_second: float, seconds: float) -> Outcome:
    """Asked over one connection."""
    async with answering(answer) as address:
        return await asyncio.to_thread(lambda: Steady(address, 1).run([ASKED], per_second, seconds))


def plan(**fields: object) -> Plan:
    return Plan(**{"port": 0, "key": "", "kind": "slates", "shape": Shape(), **fields})  # type: ignore[arg-type]


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async def slowly(writer: asyncio.StreamWriter, _number: int) -> None:
        for byte in OK:
            writer.write(bytes((byte,)))
            await writer.drain()

    async with serving(slowly) as client:
        replies = [await client.ask(ASKED) for _ in range(3)]
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"hi")] * 3


async def test_a_broken_connection_is_an_error_and_the_next_request_finds_a_new_one() -> None:
    async with serving(lambda writer, n: writer.write(OK) if n else writer.close()) as client:
        assert (await client.ask(ASKED)).status == LOST
        assert (await client.ask(ASKED)).status == 200


async def test_what_waits_behind_a_slow_answer_is_slow_too() -> None:
    async def stalling(writer: asyncio.StreamWriter, number: int) -> None:
        await asyncio.sleep(0 if number else STALL)
        writer.write(OK)

    outcome = await steadily(stalling, 100, STALL)
    assert outcome.n == 20
    assert outcome.p50_ms > STALL * 1000 / 4, "the requests behind the first one were due while it stalled"


async def test_a_request_without_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.steady.GRACE", 0.05)
    outcome = await steadily(lambda writer, n: writer.write(OK) if n < 3 else None, 100, 0.1)
    assert (outcome.n, outcome.errors) == (3, 7)


async def test_a_closed_loop_sends_every_event_once() -> None:
    seen: list[int] = []

    def counting(writer: asyncio.StreamWriter, number: int) -> None:
        seen.append(number)
        writer.write(OK)

    async with serving(counting, connections=3) as client:
        outcome = await closed_loop(client, [ASKED] * 50, plan(kind="events", connections=3))
    assert (outcome.n, len(seen)) == (50, 50)


async def test_a_steady_load_goes_on_when_a_connection_breaks_and_hears_answers_in_pieces() -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        if number == 2:
            writer.close()
            return
        for part in (OK[:30], OK[30:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    outcome = await steadily(answer, 200, 0.1)
    assert (outcome.n, outcome.errors) == (19, 1)


def heard(*replies: Reply) -> Outcome:
    tally = Tally(first=1.0)
    tally.fired = len(replies)
    for reply in replies:
        tally.hear(reply)
    return tally.outcome()


def test_a_warm_up_does_not_count() -> None:
    outcome = heard(Reply(0.5, 0.5, 9.0, 200, b""), Reply(1.0, 1.0, 1.5, 200, b""))
    assert (outcome.n, outcome.p50_ms) == (1, 500.0)


def test_a_refused_request_is_an_error_and_no_latency() -> None:
    assert heard(Reply(2.0, 2.0, 2.1, 503, b"")).errors == 1
    assert heard(Reply(2.0, 2.0, 2.1, 503, b"")).n == 0


def test_answers_that_fell_back_are_counted() -> None:
    bodies = b'{"id":"1","fallback":""}', b'{"id":"2","fallback":"state_unavailable"}', b'{"success":true}'
    assert heard(*(Reply(2.0, 2.0, 2.1, 200, body) for body in bodies)).fallbacks == {"state_unavailable": 1}
