"""Answers as bytes: JSON for everything but metrics, pages and streams."""

from collections.abc import Mapping

import msgspec
from litestar.response.base import ASGIResponse

from gateway.errors import Problem, Refused

JSON = "application/json"

_encoder = msgspec.json.Encoder()


def answer(value: msgspec.Struct, status: int = 200) -> ASGIResponse:
    return ASGIResponse(body=_encoder.encode(value), status_code=status, media_type=JSON)


def text(body: bytes | str, media: str, headers: Mapping[str, str] | None = None) -> ASGIResponse:
    return ASGIResponse(body=body, media_type=media, headers=dict(headers or {}))


def refusal(refused: Refused) -> ASGIResponse:
    return problem(refused.status, refused.problem, refused.retry_after)


def problem(status: int, said: Problem, retry_after: int = 0) -> ASGIResponse:
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="caudal", charset="UTF-8"'
    return ASGIResponse(body=_encoder.encode(said), status_code=status, media_type=JSON, headers=headers)
