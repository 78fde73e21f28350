import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import msgspec
import pytest

from gateway import inbox
from gateway.answers import Inbox
from streams.topics.partitions import partition_of
from tests.unit.gateway.running import SETTINGS, Running, bearer, running


async def posted(gateway: Running, decision: str, customer: str = "ana") -> None:
    payload = msgspec.json.encode({"title": f"about {decision}"})
    assert await gateway.state.post(partition_of(customer, SETTINGS.customer_partitions), customer, decision, payload)


async def read(gateway: Running, query: str = "customer=ana") -> Inbox:
    answer = await gateway.get(f"/v1/inbox?{query}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Inbox)


async def test_messages_come_oldest_first_and_as_they_were_decided(gateway: Running) -> None:
    for decision in ("one", "two"):
        await posted(gateway, decision)
    answer = await read(gateway)
    assert [entry.decision for entry in answer.messages] == ["one", "two"]
    assert msgspec.json.decode(answer.messages[0].message) == {"title": "about one"}


async def test_a_reader_goes_on_from_where_it_was(gateway: Running) -> None:
    for decision in ("one", "two", "three"):
        await posted(gateway, decision)
    first = await read(gateway, "customer=ana&limit=2")
    rest = await read(gateway, f"customer=ana&after={first.after}")
    assert [entry.decision for entry in rest.messages] == ["three"]
    assert (await read(gateway, f"customer=ana&after={rest.after}")).after == rest.after


async def test_an_inbox_is_its_owners_alone(gateway: Running) -> None:
    await posted(gateway, "one", "bea")
    assert (await read(gateway)).messages == []


@pytest.mark.parametrize("after", ["yesterday", "1-", "(1-0", "1-2-3", "9" * 30 + "-0"])
async def test_what_is_no_id_of_a_message_is_refused_by_name(gateway: Running, after: str) -> None:
    for path in ("/v1/inbox", "/v1/inbox/stream"):
        answer = await gateway.get(f"{path}?customer=ana&after={after}")
        assert answer.status_code == 400
        assert "after" in answer.json()["message"]


async def test_with_redis_down_the_inbox_says_so(gateway: Running) -> None:
    gateway.state.down = True
    assert (await gateway.get("/v1/inbox?customer=ana")).status_code == 503


@dataclass
class Sent:
    """A server-sent event."""

    id: str
    data: dict[str, object]


class Stream:
    """An open inbox stream. lines: as they come, raw."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.lines = answer.aiter_lines()

    async def next(self) -> Sent:
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                fields[name] = value
                if not line and "data" in fields:
                    return Sent(fields["id"], msgspec.json.decode(fields["data"]))
        raise AssertionError("the stream ended")

    async def comment(self) -> str:
        async with asyncio.timeout(5):
            async for line in self.lines:
                if line.startswith(":"):
                    return line
        raise AssertionError("the stream ended")


@asynccontextmanager
async def stream(gateway: Running, query: str = "customer=ana", **headers: str) -> AsyncIterator[Stream]:
    url = f"/v1/inbox/stream?{query}"
    async with gateway.client.stream("GET", url, headers={**bearer("app"), **headers}) as answer:
        yield Stream(answer)


async def test_a_message_reaches_an_open_stream_as_it_comes(gateway: Running) -> None:
    await posted(gateway, "old")
    async with stream(gateway) as opened:
        assert opened.answer.headers["content-type"].startswith("text/event-stream")
        assert (await opened.next()).data == {"title": "about old"}
        await posted(gateway, "new")
        assert (await opened.next()).data == {"title": "about new"}


@pytest.mark.parametrize("way", ["header", "parameter"])
async def test_a_stream_that_broke_off_misses_nothing_and_repeats_nothing(gateway: Running, way: str) -> None:
    await posted(gateway, "one")
    async with stream(gateway) as opened:
        last = (await opened.next()).id
    await posted(gateway, "two")
    query, headers = "customer=ana", {"last-event-id": last}
    if way == "parameter":
        query, headers = f"customer=ana&after={last}", {}
    async with stream(gateway, query, **headers) as opened:
        assert (await opened.next()).data == {"title": "about two"}


async def test_a_silent_stream_is_kept_alive(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "HEARTBEAT", 0.05)
    async with stream(gateway) as opened:
        assert await opened.comment()
        assert await opened.comment()


async def test_a_stream_outlives_a_redis_that_was_away(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "POLL", 0.02)
    async with stream(gateway) as opened:
        await posted(gateway, "before")
        assert (await opened.next()).data == {"title": "about before"}
        gateway.state.down = True
        await asyncio.sleep(0.1)
        gateway.state.down = False
        await posted(gateway, "after")
        assert (await opened.next()).data == {"title": "about after"}


async def test_the_streams_of_a_process_are_bounded_and_counted() -> None:
    async with running(SETTINGS.model_copy(update={"stream_limit": 1})) as gateway:
        async with stream(gateway) as first:
            await posted(gateway, "one")
            await first.next()
            second = await gateway.get("/v1/inbox/stream?customer=ana")
            assert (second.status_code, second.json()["code"]) == (503, "too_many_streams")
            assert "caudal_inbox_streams 1.0" in (await gateway.get("/metrics")).text
        await until_closed(gateway)
        async with stream(gateway) as again:
            assert again.answer.status_code == 200


async def until_closed(gateway: Running) -> None:
    async with asyncio.timeout(5):
        while "caudal_inbox_streams 0.0" not in (await gateway.get("/metrics")).text:
            await asyncio.sleep(0.01)


async def test_open_streams_end_when_the_gateway_stops() -> None:
    async with running() as gateway, stream(gateway) as opened:
        await posted(gateway, "one")
        await opened.next()
        gateway.server.stop()
        async with asyncio.timeout(5):
            assert [line async for line in opened.lines if line] == []
