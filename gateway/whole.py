"""A body that is here already, for who receives one: it needs no deadline, and no message."""

from dataclasses import dataclass

from litestar.types import HTTPReceiveMessage


@dataclass(frozen=True, slots=True)
class Whole:
    """May be received as any other."""

    body: bytes

    async def __call__(self) -> HTTPReceiveMessage:
        return {"type": "http.request", "body": self.body, "more_body": False}
