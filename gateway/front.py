"""The front: the routes that are asked all day, for events and for slates, are answered here, the rest is handed on.

Finding a route, its parameters and its form costs Litestar more than accepting an event costs us; these routes have
no parameters in their paths. What they answer, also to browsers of other origins, is the same either way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Send

from gateway.door import Entrance, Sent
from gateway.responses import Answer, Header
from gateway.route import EVENTS, TEXT, Route

ANY_ORIGIN = ((b"access-control-allow-headers", b"*"), (b"access-control-allow-methods", b"*"), (b"vary", b"Origin"))
"""Beside the origin itself: what a browser must hear to let a page of another origin read the answer."""

WITH_COOKIES = ((b"access-control-allow-credentials", b"true"), (b"vary", b"Origin"))
"""For pages whose library sends cookies along; none is read here, so none can be abused."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request, as far as a route that reads its own body needs it."""

    scope: HTTPScope
    receive: Receive


class Front:
    """entrances: of paths without parameters. rest: the application behind, which knows them, too."""

    def __init__(self, entrances: Iterable[Entrance[Sent]], rest: ASGIApp) -> None:
        self._entrances: dict[tuple[str, str], Entrance[Sent]] = {
            (one.route.method, path): one for one in entrances for path in one.route.paths
        }
        self._rest = rest

    def direct(self, method: str, path: str) -> Entrance[Sent] | None:
        """Of a route whose answers are whole, None where there is none of this method at this very path."""
        entrance = self._entrances.get((method, path))
        return entrance if entrance is not None and entrance.route.media != EVENTS else None

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        entrance = self._entrances.get(("POST" if method == "OPTIONS" else method, scope["path"]))
        if entrance is None or (method == "OPTIONS" and not entrance.route.cookies):
            await self._rest(scope, receive, send)
            return
        if told := told_to(scope, entrance.route):
            send = _telling(told, send)
        answer = _preflight(scope) if method == "OPTIONS" else await entrance.enter(Arrived(scope, receive))
        await answer(scope, receive, send)


def _preflight(scope: HTTPScope) -> Answer:
    """With cookies a browser takes no `*` for an answer, so what it asked for is said again."""
    asked = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), b"")
    allowed = {"access-control-allow-headers": asked.decode("latin-1"), "access-control-allow-methods": "POST, OPTIONS"}
    return Answer(204, b"", TEXT, {**allowed, "access-control-max-age": "600"})


def told_to(scope: HTTPScope, route: Route) -> tuple[Header, ...]:
    """What a page of another origin must hear to be given the answer, () where none asks."""
    for name, value in scope["headers"]:
        if name == b"origin":
            return ((b"access-control-allow-origin", value), *(WITH_COOKIES if route.cookies else ANY_ORIGIN))
    return ()


def _telling(headers: tuple[Header, ...], send: Send) -> Send:
    """send: with these headers beside the answer's own."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return told
