"""Events coming in: batches, single events and sightings, answered 200 once Kafka holds them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from litestar.response.base import ASGIResponse

from gateway.admission import Admission, Ticket
from gateway.answers import Accepted
from gateway.bodies import LARGE, BodyReader
from gateway.door import Answer, Posted
from gateway.envelopes import Batch, open_batch, open_single
from gateway.errors import Refused
from gateway.intake import CHANNEL_OF, TOPIC_OF, Entry, Intake, now
from gateway.keys import Headers, Key, KeyRing, presented_key
from gateway.responses import answer
from gateway.rights import RIGHTS, Right, scopes_with
from gateway.sightings import open_sightings
from retail.events import Channel

ACCEPTED = answer(Accepted())

Opened = Callable[[bytes], Batch]


@dataclass(frozen=True)
class Reception:
    """batch_limit: events of one batch."""

    keys: KeyRing
    reader: BodyReader
    admission: Admission
    intake: Intake
    batch_limit: int

    async def batch(self, request: Posted) -> ASGIResponse:
        return await self._take(request, Right.WRITE_EVENTS, open_batch)

    def single(self, kind: str) -> Answer[Posted]:
        """kind: the event's type where it names none."""
        opened = partial(open_single, kind=kind)

        async def reply(request: Posted) -> ASGIResponse:
            return await self._take(request, Right.WRITE_EVENTS, opened)

        return reply

    async def sightings(self, request: Posted) -> ASGIResponse:
        return await self._take(request, Right.WRITE_SIGHTINGS, open_sightings)

    async def _take(self, request: Posted, right: Right, opened: Opened) -> ASGIResponse:
        headers: Headers = dict(request.scope["headers"])
        secret = presented_key(headers)
        key = self.keys.admit(secret, right) if secret else None
        with self.admission.ticket() as ticket:
            batch = await self._read(request, headers, opened, ticket)
            key = key or self.keys.admit(batch.write_key, right)
            channel = Channel.STORE if right is Right.WRITE_SIGHTINGS else channel_of(headers, key)
            entry = Entry(channel, f"http {request.scope['path']}", key.id, now())
            refusals = await self.intake.take(batch, entry)
        if batch.alone and refusals:
            raise Refused(400, refusals[0].code, refusals[0].message)
        return ACCEPTED

    async def _read(self, request: Posted, headers: Headers, opened: Opened, ticket: Ticket) -> Batch:
        body = await self.reader.read(headers, request.receive, ticket)
        batch = await asyncio.to_thread(opened, body) if len(body) > LARGE else opened(body)
        if len(batch.events) > self.batch_limit:
            told = f"A batch may be {self.batch_limit} events, this has {len(batch.events)}; send it in parts."
            raise Refused(413, "batch_too_long", told)
        return batch


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
