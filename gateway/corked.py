"""uvicorn's HTTP protocol, writing once where it would write twice: headers and body of an answer leave together.

A write to a socket costs as much as taking in an event, and wakes the other side each time.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from streams.state.deadlines import TICK

HEAD_DEADLINE = 10.0
"""Seconds from the first byte of a request to the end of its headers."""

SILENCE = 65.0
"""Seconds that a connection may be open without a word, at first and between two requests: longer than load balancers
keep theirs (60), so they never meet a closed one."""

LONGEST_HEAD = 128 << 10
"""Bytes of a request line and its headers; browsers stop at some 16 KB, proxies at less."""


class Corked(asyncio.Transport):
    """A transport that sends what was written within one turn of the event loop in one piece."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(bytes(data))

    def send(self, data: bytes) -> None:
        """What is whole already: at once, unless something is to leave before it."""
        if self._pieces:
            self.write(data)
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))

    def close(self) -> None:
        """What was written still goes out."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return cast(object, self._transport.get_extra_info(name, default))

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Whoever takes over the connection writes to it as before."""
        self._flush()
        self._transport.set_protocol(protocol)


class CorkedHttp(HttpToolsProtocol):
    """A head that comes drop by drop, or never ends, is not waited for.

    uvicorn sets a timer after each answer, and takes it away when the next request comes: here one timer looks now and
    then for how long nothing was asked.
    """

    _late: asyncio.TimerHandle | None = None
    _head: int | None = None
    _look: asyncio.TimerHandle | None = None
    _answered = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport, self.loop))
        self._late = self.loop.call_later(SILENCE, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Most heads come whole: the clock is only set for one whose end did not come along."""
        super().data_received(data)
        if self._head is not None:
            if self._late is None:
                self._late = self.loop.call_later(HEAD_DEADLINE, self._give_up)
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_time()
        self._head = 0

    def on_headers_complete(self) -> None:
        self._in_time()
        self._head = None
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._answered = self.loop.time()
        if self._look is None:
            self._look = self.loop.call_later(SILENCE, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """Looks again when nothing will have been asked for long enough."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        is_asked = self._head is not None or (cycle is not None and not cycle.response_complete)
        since = self.loop.time() if is_asked else self._answered
        left = since + SILENCE - self.loop.time()
        if left > TICK:
            self._look = self.loop.call_later(left, self._close_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        if self._head is None:
            self.transport.close()
        else:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        """Only while no request is being answered, whose answer this would come into."""
        self._in_time()
        self._head = None
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is None or cycle.response_complete:
            self.transport.write(b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status)
        self.transport.close()
