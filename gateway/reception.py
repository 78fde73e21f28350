"""Events coming in, in whichever format, answered 200 once Kafka holds them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from litestar.response.base import ASGIResponse

from gateway.admission import Admission, Ticket
from gateway.answers import Accepted
from gateway.bodies import LARGE, BodyReader
from gateway.door import Answer, Sent
from gateway.envelopes import Batch, open_batch, open_single
from gateway.errors import Refused
from gateway.formats import open_cloud_events, open_measurement, open_snowplow, open_snowplow_query
from gateway.intake import CHANNEL_OF, TOPIC_OF, Entry, Intake, now
from gateway.keys import Headers, Key, KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.rates import Rates
from gateway.responses import answer, text
from gateway.rights import RIGHTS, Right, scopes_with
from gateway.sightings import open_sightings
from retail.events import Channel

ACCEPTED = answer(Accepted())

PIXEL = text(
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    "image/gif",
)
"""One transparent pixel: what an image that is really an event is answered with."""

Opened = Callable[[bytes], Batch]


@dataclass(frozen=True)
class Reception:
    """batch_limit: events of one batch."""

    keys: KeyRing
    reader: BodyReader
    admission: Admission
    intake: Intake
    rates: Rates
    batch_limit: int

    async def batch(self, request: Sent) -> ASGIResponse:
        return await self._take(request, Right.WRITE_EVENTS, open_batch)

    def single(self, kind: str) -> Answer[Sent]:
        """kind: the event's type where it names none."""
        opened = partial(open_single, kind=kind)

        async def reply(request: Sent) -> ASGIResponse:
            return await self._take(request, Right.WRITE_EVENTS, opened)

        return reply

    async def sightings(self, request: Sent) -> ASGIResponse:
        return await self._take(request, Right.WRITE_SIGHTINGS, open_sightings)

    async def cloud_events(self, request: Sent) -> ASGIResponse:
        return await self._take(request, Right.WRITE_EVENTS, partial(open_cloud_events, dict(request.scope["headers"])))

    async def measurement(self, request: Sent) -> ASGIResponse:
        return await self._take(request, Right.WRITE_EVENTS, partial(open_measurement, request.scope["query_string"]))

    async def snowplow(self, request: Sent) -> ASGIResponse:
        return await self._take(request, Right.WRITE_EVENTS, open_snowplow)

    async def snowplow_pixel(self, request: Sent) -> ASGIResponse:
        query = request.scope["query_string"]
        await self._take(request, Right.WRITE_EVENTS, lambda _: open_snowplow_query(query))
        return PIXEL

    async def _take(self, request: Sent, right: Right, opened: Opened) -> ASGIResponse:
        headers: Headers = dict(request.scope["headers"])
        secret = presented_key(headers)
        key = self._admit(secret, right) if secret else None
        with self.admission.ticket() as ticket:
            batch = await self._read(request, headers, opened, ticket)
            key = key or self._admit(batch.write_key or _key_in_query(request.scope["query_string"]), right)
            self.rates.count(key.id, len(batch.events))
            channel = Channel.STORE if right is Right.WRITE_SIGHTINGS else channel_of(headers, key)
            entry = Entry(channel, f"http {request.scope['path']}", key.id, now())
            refusals = await self.intake.take(batch, entry)
        if batch.alone and refusals:
            raise Refused(400, refusals[0].code, refusals[0].message)
        return ACCEPTED

    def _admit(self, secret: str, right: Right) -> Key:
        key = self.keys.admit(secret, right)
        self.rates.check(key.id)
        return key

    async def _read(self, request: Sent, headers: Headers, opened: Opened, ticket: Ticket) -> Batch:
        body = await self.reader.read(headers, request.receive, ticket)
        batch = await asyncio.to_thread(opened, body) if len(body) > LARGE else opened(body)
        if len(batch.events) > self.batch_limit:
            told = f"A batch may be {self.batch_limit} events, this has {len(batch.events)}; send it in parts."
            raise Refused(413, "batch_too_long", told)
        return batch


def _key_in_query(query: bytes) -> str:
    """Where a page that is being left sends its last events: such requests have no headers of their own."""
    return Parameters(query).text("writeKey") if query else ""


def channel_of(headers: Headers, key: Key) -> Channel:
    """The key's own channel, or the one it chose. Raises Refused: 400 (unknown channel), 403 (may not choose)."""
    chosen = headers.get(b"x-caudal-channel")
    if chosen is None:
        return CHANNEL_OF[key.scope]
    if Right.CHOOSE_CHANNEL not in RIGHTS[key.scope]:
        may = " or ".join(scopes_with(Right.CHOOSE_CHANNEL))
        raise Refused(403, "wrong_scope", f"X-Caudal-Channel: only a key of scope {may} may choose the channel.")
    name = chosen.decode("latin-1").lower()
    if name not in TOPIC_OF:
        raise Refused(400, "bad_parameter", f"X-Caudal-Channel: one of {', '.join(Channel)}, not {name[:40]!r}.")
    return Channel(name)
