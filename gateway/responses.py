"""Answers as bytes: JSON for everything but metrics, pages and streams."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.errors import Problem, Refused

JSON = "application/json"

Header = tuple[bytes, bytes]

_encoder = msgspec.json.Encoder()


class Answer(ASGIResponse):
    """A complete answer and nothing else: no cookies, no background work, which cost every request 10 µs.

    Never to be stored on its way: most answers are about one customer.
    """

    def __init__(self, status: int, body: bytes, media: str, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.body = body
        self._media = media
        self._more = headers or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """May be sent any number of times."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._headers()})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})

    def encoded(self, before: Iterable[Header], after: Iterable[Header]) -> bytes:
        """As it goes over the wire. before, after: headers around its own."""
        lines = [_STATUS_LINES[self.status_code]]
        lines += [b"%b: %b\r\n" % header for header in (*before, *self._headers(), *after)]
        return b"%b\r\n%b" % (b"".join(lines), self.body)

    def _headers(self) -> list[Header]:
        own = [
            (b"content-type", self._media.encode()),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", b"no-store"),
        ]
        return [*own, *((name.encode(), value.encode()) for name, value in self._more.items())]


_STATUS_LINES = {int(status): b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


def answer(value: msgspec.Struct, status: int = 200) -> Answer:
    return Answer(status, _encoder.encode(value), JSON)


def text(body: bytes, media: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, body, media, headers)


def refusal(refused: Refused) -> Answer:
    return problem(refused.status, refused.problem, refused.retry_after)


def problem(status: int, said: Problem, retry_after: int = 0) -> Answer:
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="caudal", charset="UTF-8"'
    return Answer(status, _encoder.encode(said), JSON, headers)
