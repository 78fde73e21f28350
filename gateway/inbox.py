"""A customer's messages: read once by GET, or as they come by server-sent events that resume where they broke off."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import msgspec
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

from gateway.answers import Inbox, InboxEntry
from gateway.door import Sent
from gateway.errors import bad_parameter, unavailable
from gateway.keys import KeyRing, presented_key
from gateway.meters import Meters
from gateway.parameters import Parameters
from gateway.profiles import Profiles
from gateway.responses import answer
from gateway.rights import Right
from gateway.route import EVENTS
from streams.state import InboxMessage, Listener, StateUnavailable, Views
from streams.state.message_ids import parse_message_id
from streams.topics.partitions import partition_of

MOST = 100
"""Messages of one answer at most; an inbox holds no more."""

DEFAULT = 50

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent; proxies cut idle connections after 30 to 60."""

POLL = 0.5
"""Seconds between two looks while Redis is down and its wake-ups with it."""

RETRY = 2000
"""Milliseconds after which a client that lost its stream comes back."""

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


@dataclass(frozen=True)
class Inboxes:
    """profiles: whose an inbox is. partitions: of the state, by customer. limit: streams open at once.

    closing: set when the gateway stops.
    """

    keys: KeyRing
    views: Views
    meters: Meters
    partitions: int
    limit: int
    closing: asyncio.Event
    profiles: Profiles
    open: set[object] = field(default_factory=set)

    async def read(self, request: Sent) -> ASGIResponse:
        self._admit(request)
        given = Parameters(request.scope["query_string"])
        limit = given.number("limit", DEFAULT, MOST)
        after = message_id("after", given.text("after"))
        try:
            asked, profile = given.whom()
            customer = await self.profiles.customer(profile)
            messages = await self._messages(customer, after, limit)
        except StateUnavailable as fault:
            raise unavailable("state_unavailable", "The inbox cannot be read now; ask again in a moment.") from fault
        entries = [InboxEntry(m.id, m.decision, msgspec.Raw(m.payload)) for m in messages]
        return answer(Inbox(asked, entries, entries[-1].id if entries else after))

    async def stream(self, request: Sent) -> ASGIResponse:
        self._admit(request)
        given = Parameters(request.scope["query_string"])
        customer = await self._customer(given.whom().profile)
        last = dict(request.scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
        after = message_id("Last-Event-ID", last) if last else message_id("after", given.text("after"))
        if len(self.open) >= self.limit:
            raise unavailable("too_many_streams", "No more inbox streams can be opened here; come back.", 5)
        return ASGIStreamingResponse(
            iterator=self._events(customer, after), media_type=EVENTS, headers=STREAM_HEADERS, status_code=200
        )

    def _admit(self, request: Sent) -> None:
        self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_INBOX)

    async def _customer(self, profile: str) -> str:
        """While Redis is down a stream is silent anyhow; who asked under an alias comes back for the next one."""
        try:
            return await self.profiles.customer(profile)
        except StateUnavailable:
            return profile

    async def _messages(self, customer: str, after: str, limit: int) -> list[InboxMessage]:
        return await self.views.inbox(partition_of(customer, self.partitions), customer, after, limit)

    async def _events(self, customer: str, after: str) -> AsyncGenerator[bytes, None]:
        """Never ends by itself: a Redis that is down means silence and heartbeats, not an error."""
        mark = object()
        self.open.add(mark)
        self.meters.streams(1)
        try:
            yield f"retry: {RETRY}\n\n".encode()
            with self.views.listen(partition_of(customer, self.partitions), customer) as listener:
                async for chunk in self._news(customer, after, listener):
                    yield chunk
        finally:
            self.open.discard(mark)
            self.meters.streams(-1)

    async def _news(self, customer: str, after: str, listener: Listener) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        spoken = loop.time()
        while not self.closing.is_set():
            try:
                messages = await self._messages(customer, after, MOST)
                pause = HEARTBEAT
            except StateUnavailable:
                messages, pause = [], POLL
            for message in messages:
                after = message.id
                yield event(message)
                spoken = loop.time()
            if loop.time() - spoken >= HEARTBEAT:
                yield b": still here\n\n"
                spoken = loop.time()
            if not messages:
                await self._woken(listener, min(pause, max(spoken + HEARTBEAT - loop.time(), 0.0)))

    async def _woken(self, listener: Listener, timeout: float) -> None:
        """Returns when there may be news, when the gateway stops, or after `timeout` seconds."""
        waits = [asyncio.ensure_future(listener.wait(timeout)), asyncio.ensure_future(self.closing.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def event(message: InboxMessage) -> bytes:
    """One server-sent event. The payload is JSON, so it has no line breaks of its own."""
    return b"id: %b\nevent: message\ndata: %b\n\n" % (message.id.encode(), message.payload)


def message_id(name: str, given: str) -> str:
    """Raises Refused (400) where it is no id of an inbox."""
    try:
        if given:
            parse_message_id(given)
    except ValueError as fault:
        raise bad_parameter(name, f"{fault}.") from None
    return given
