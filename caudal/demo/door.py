"""The gateway's door as the demo's clients use it: events and sightings in; recommendations and messages out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import time

import httpx2
import msgspec

from caudal.demo.journal import Journal
from caudal.demo.messages import SIMULATED, Message, iso
from caudal.system import Keys

PATIENCE = 20
"""Tries for what is answered 503 or not at all; with PAUSE, 10 s."""

PAUSE = 0.5
"""Seconds between two tries."""

TIMEOUT = 10.0
"""Seconds for one request."""


class Refused(Exception):
    """The gateway answered something that the demo does not expect."""


class Shown(msgspec.Struct, frozen=True):
    """One recommended item."""

    item: str
    source: str


class Slate(msgspec.Struct, frozen=True):
    """The part of a slate that the demo looks at. model: "" while none is trained. version: 0 if nothing is known."""

    items: tuple[Shown, ...]
    model: str = ""
    version: int = 0
    fallback: str = ""


class Notice(msgspec.Struct, frozen=True):
    """What the app would show."""

    offer: str
    title: str = ""


class Delivered(msgspec.Struct, frozen=True):
    """A message in the inbox."""

    id: str
    decision: str
    message: Notice


class _Inbox(msgspec.Struct, frozen=True):
    messages: tuple[Delivered, ...]


@dataclass(frozen=True)
class Door:
    """client: with the gateway's address as base. What is accepted is written into the journal."""

    client: httpx2.AsyncClient
    keys: Keys
    journal: Journal

    async def send(self, key: str, messages: Sequence[Message], *, again: bool = False) -> None:
        """One batch. again: a sender that did not hear the answer and repeats itself. Raises Refused."""
        await self._post("/v1/batch", key, {"batch": list(messages), "sentAt": iso(int(time() * 1000))})
        if again:
            self.journal.again += len(messages)
        else:
            self.journal.accepted(messages)

    async def sight(self, sighting: Message) -> None:
        """One beacon sighting, by the app. Raises Refused."""
        body = {
            "userId": sighting["userId"],
            "messageId": sighting["messageId"],
            "timestamp": sighting["timestamp"],
            "context": SIMULATED,
            **sighting["properties"],
        }
        await self._post("/v1/sightings", self.keys.app, body)
        self.journal.accepted([sighting])

    async def recommendations(self, customer: str, store: str, limit: int) -> Slate:
        """Raises Refused."""
        asked = {"customer": customer, "store": store, "limit": str(limit)}
        return msgspec.json.decode(await self._get("/v1/recommendations", self.keys.site, asked), type=Slate)

    async def inbox(self, customer: str) -> tuple[Delivered, ...]:
        """Raises Refused."""
        return msgspec.json.decode(
            await self._get("/v1/inbox", self.keys.app, {"customer": customer}), type=_Inbox
        ).messages

    async def _post(self, path: str, key: str, body: object) -> None:
        content = msgspec.json.encode(body)
        await self._patiently(lambda: self.client.post(path, content=content, auth=(key, "")))

    async def _get(self, path: str, key: str, asked: dict[str, str]) -> bytes:
        return await self._patiently(lambda: self.client.get(path, params=asked, auth=(key, "")))

    async def _patiently(self, ask: Callable[[], Awaitable[httpx2.Response]]) -> bytes:
        fault = ""
        for _ in range(PATIENCE):
            try:
                answer = await ask()
            except httpx2.TransportError as broken:
                fault = repr(broken)
            else:
                if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                    return _checked(answer)
                fault = answer.text
            await asyncio.sleep(PAUSE)
        raise Refused(f"the gateway was asked {PATIENCE} times in vain, the last time: {fault}")


def _checked(answer: httpx2.Response) -> bytes:
    if answer.status_code != httpx2.codes.OK:
        raise Refused(
            f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}: {answer.text}"
        )
    return answer.content


def new_client(gateway: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=gateway, timeout=TIMEOUT, trust_env=False)
