"""Requests of the busy routes that come whole are answered right where they are parsed; all others go uvicorn's way.

Uvicorn makes a dozen objects of each request and of its answer, and passes them as messages of ASGI: as much work as
taking in an event. What is special goes its way: HTTP/1.0, a body that comes in pieces, chunked or after a question, a
request behind one that is not answered yet, one after which the connection closes.
"""

import asyncio
from typing import cast

import structlog
from litestar.types import HTTPScope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.corked import Corked, CorkedHttp
from gateway.door import Entrance, Sent
from gateway.errors import Problem
from gateway.front import Arrived, Front, told_to
from gateway.responses import Answer, problem
from gateway.whole import Whole

SPECIAL = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers that ask something of the server itself."""

log = structlog.get_logger()


class Unheard:
    """In the place of an event that nobody waits for."""

    def set(self) -> None: ...


UNHEARD = Unheard()


class Exchange:
    """A request and its answer to come. Uvicorn takes it for a cycle of its own, of which it uses these attributes:
    keep_alive is taken away when the server stops, disconnected is set when the sender left."""

    __slots__ = ("disconnected", "entrance", "keep_alive", "message_event", "pieces", "response_complete", "scope")

    def __init__(self, entrance: Entrance[Sent], scope: HTTPScope) -> None:
        self.entrance = entrance
        self.scope = scope
        self.pieces: list[bytes] = []
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self.message_event = UNHEARD

    async def answered(self) -> Answer:
        body = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
        answer = await self.entrance.enter(Arrived(self.scope, Whole(body)))
        if isinstance(answer, Answer):
            return answer
        log.error("a route that streams was answered as if it did not", route=self.entrance.route.name)
        return problem(500, Problem("internal_error", "Our fault, not yours; it is in the gateway's log."))


class DirectHttp(CorkedHttp):
    """What the gateway speaks."""

    _begun: Exchange | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._begun is not None:
            self._go_the_long_way(self._begun)

    def on_headers_complete(self) -> None:
        entrance = self._entrance()
        if entrance is None:
            super().on_headers_complete()
            return
        self._in_time()
        self._head = None
        self._begun = Exchange(entrance, cast(HTTPScope, self.scope))

    def on_body(self, body: bytes) -> None:
        if self._begun is None:
            super().on_body(body)
        else:
            self._begun.pieces.append(body)

    def on_message_complete(self) -> None:
        exchange, self._begun = self._begun, None
        if exchange is None:
            super().on_message_complete()
            return
        self.cycle = cast(RequestResponseCycle, exchange)
        self.tasks.add(self.loop.create_task(self._answer(exchange)))

    def _entrance(self) -> Entrance[Sent] | None:
        """Of a request that is nothing special, None else."""
        waiting = cast(Exchange | None, self.cycle)
        if waiting is not None and not waiting.response_complete:
            return None
        raw, _, query = self.url.partition(b"?")
        method, path = self.parser.get_method().decode("ascii"), raw.decode("latin-1")
        entrance = cast(Front, self.app).direct(method, path)
        if entrance is None or b"#" in query or not self._is_plain():
            return None
        scope = cast(HTTPScope, self.scope)
        scope["method"] = method  # type: ignore[typeddict-item]  # any of the routes' methods is one
        scope["path"], scope["raw_path"], scope["query_string"] = path, raw, query
        return entrance

    def _is_plain(self) -> bool:
        if self.parser.get_http_version() != "1.1" or not self.parser.should_keep_alive():
            return False
        return not any(name in SPECIAL for name, _ in self.headers)

    def _go_the_long_way(self, exchange: Exchange) -> None:
        """Its body did not come along: how long it takes, and how much of it is held meanwhile, is minded there."""
        self._begun = None
        if not self.transport.is_closing():
            super().on_headers_complete()
            for piece in exchange.pieces:
                super().on_body(piece)

    async def _answer(self, exchange: Exchange) -> None:
        try:
            answer = await exchange.answered()
            if self.flow.write_paused and not exchange.disconnected:
                await self.flow.drain()
            self._write(exchange, answer)
        except BaseException:
            self.transport.close()
            raise
        finally:
            self.tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _write(self, exchange: Exchange, answer: Answer) -> None:
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        told = told_to(exchange.scope, exchange.entrance.route)
        if not exchange.keep_alive:
            told = (*told, (b"connection", b"close"))
        cast(Corked, self.transport).send(answer.encoded(self.server_state.default_headers, told))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()
