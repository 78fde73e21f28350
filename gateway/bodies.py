"""Reading a request body: bounded in size, inflated size, time and total room, whatever its Content-Type says.

Client libraries send JSON as text/plain, as a form, gzipped without saying how long it is: only
Content-Encoding decides how a body is read.
"""

import asyncio
import zlib
from dataclasses import dataclass

from litestar.types import HTTPReceiveMessage, Receive

from gateway.admission import Ticket
from gateway.errors import Refused
from gateway.keys import Headers
from gateway.settings import GatewaySettings
from gateway.whole import Whole

GZIP = 16 + zlib.MAX_WBITS
"""zlib's name for a gzip header and trailer."""

LARGE = 64 << 10
"""Bytes beyond which inflating or taking apart a body leaves the event loop: about 1 ms of work, more when hostile."""


@dataclass(frozen=True)
class BodyReader:
    """limit, inflated: bytes. deadline: seconds."""

    limit: int
    inflated: int
    deadline: float

    @classmethod
    def from_settings(cls, settings: GatewaySettings) -> "BodyReader":
        return cls(settings.body_limit, settings.inflated_limit, settings.body_deadline)

    async def read(self, headers: Headers, receive: Receive, ticket: Ticket) -> bytes:
        """The body as its sender wrote it. Raises Refused: 400, 408, 413, 415, 503."""
        self._announced(headers)
        body = self._taken(receive.body, ticket) if isinstance(receive, Whole) else await self._in_time(receive, ticket)
        encoding = headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding in (b"", b"identity"):
            return body
        if encoding not in (b"gzip", b"x-gzip"):
            raise Refused(415, "unknown_encoding", "Content-Encoding may be gzip or absent.")
        return await self._inflated(body, ticket)

    def _announced(self, headers: Headers) -> None:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise Refused(400, "malformed_header", "Content-Length is not a number.")
        if int(length[:20]) > self.limit:
            raise self._too_large(self.limit, "")

    def _taken(self, body: bytes, ticket: Ticket) -> bytes:
        if len(body) > self.limit:
            raise self._too_large(self.limit, "")
        ticket.take(len(body))
        return body

    async def _in_time(self, receive: Receive, ticket: Ticket) -> bytes:
        try:
            async with asyncio.timeout(self.deadline):
                return await self._receive(receive, ticket)
        except TimeoutError:
            raise Refused(408, "body_too_slow", f"The body did not arrive within {self.deadline:g} s.") from None

    async def _receive(self, receive: Receive, ticket: Ticket) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # an HTTP scope receives these
            if message["type"] == "http.disconnect":
                raise Refused(400, "disconnected", "The sender left before the body was complete.")
            chunk = message["body"]
            size += len(chunk)
            if size > self.limit:
                raise self._too_large(self.limit, "")
            ticket.take(len(chunk))
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _inflated(self, body: bytes, ticket: Ticket) -> bytes:
        inflated = await asyncio.to_thread(self._inflate, body) if len(body) > LARGE else self._inflate(body)
        ticket.take(len(inflated))
        return inflated

    def _inflate(self, body: bytes) -> bytes:
        """Stops at the limit, so a bomb costs no more than an honest body."""
        unzip = zlib.decompressobj(GZIP)
        try:
            inflated = unzip.decompress(body, self.inflated + 1)
        except zlib.error as fault:
            raise Refused(400, "malformed_gzip", f"Content-Encoding says gzip, the body is not: {fault}.") from None
        if len(inflated) > self.inflated:
            raise self._too_large(self.inflated, " after gzip")
        if not unzip.eof or unzip.unused_data:
            raise Refused(400, "malformed_gzip", "The gzip body is cut off, or something follows it.")
        return inflated

    def _too_large(self, limit: int, where: str) -> Refused:
        return Refused(413, "body_too_large", f"A body may be {limit} bytes{where}; send smaller batches.")
