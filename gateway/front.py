"""The front: the routes that events come in by are answered here, everything else is handed on.

Finding a route, its parameters and its form costs Litestar more than accepting an event costs us; these routes have
one path and no parameters. What they answer, also to browsers of other origins, is the same either way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Send

from gateway.door import Entrance, Posted

ANY_ORIGIN = ((b"access-control-allow-headers", b"*"), (b"access-control-allow-methods", b"*"), (b"vary", b"Origin"))
"""Beside the origin itself: what a browser must hear to let a page of another origin read the answer."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request, as far as a route that reads its own body needs it."""

    scope: HTTPScope
    receive: Receive


class Front:
    """entrances: all are POST. rest: the application behind."""

    def __init__(self, entrances: Iterable[Entrance[Posted]], rest: ASGIApp) -> None:
        self._entrances = {path: entrance for entrance in entrances for path in entrance.route.paths}
        self._rest = rest

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        entrance = self._entrances.get(scope["path"]) if scope["method"] == "POST" else None
        if entrance is None:
            await self._rest(scope, receive, send)
            return
        answer = await entrance.enter(Arrived(scope, receive))
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        await answer(scope, receive, send if origin is None else _told_to(origin, send))


def _told_to(origin: bytes, send: Send) -> Send:
    """send: with the headers for a page of this origin."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"access-control-allow-origin", origin), *ANY_ORIGIN]
            message = {**message, "headers": headers}
        await send(message)

    return told
