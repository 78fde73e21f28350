"""The door of a route: every request comes through it, is timed and counted, and is always answered in our words."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import HTTPScope, Receive

from gateway.errors import Problem, Refused
from gateway.meters import Meters
from gateway.responses import problem, refusal
from gateway.route import Route

Asked = Request[None, None, State]
"""A request; who asks is found by the route itself, since a key may be in the body."""


class Sent(Protocol):
    """What is used of a request by routes that need no framework; an `Asked` is one."""

    @property
    def scope(self) -> HTTPScope: ...
    @property
    def receive(self) -> Receive: ...


A = TypeVar("A", bound=Sent, contravariant=True)

Answer = Callable[[A], Awaitable[ASGIResponse]]

log = structlog.get_logger()

CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}
"""Codes of what is refused before a route is found."""


@dataclass(frozen=True)
class Entrance(Generic[A]):
    """A route and who replies to it."""

    route: Route
    reply: Answer[A]
    meters: Meters

    async def enter(self, request: A) -> ASGIResponse:
        started = time.perf_counter()
        response = await _answered(self.route, self.reply, request)
        self.meters.answered(self.route.name, response.status_code, time.perf_counter() - started)
        return response


def door(entrance: Entrance[Asked]) -> HTTPRouteHandler:
    """The handler that Litestar routes to."""

    async def enter(request: Asked) -> ASGIResponse:
        return await entrance.enter(request)

    verb = get if entrance.route.method == "GET" else post
    paths = [path.replace("{key}", "{key:str}") for path in entrance.route.paths]
    return verb(paths, name=entrance.route.name)(enter)


async def _answered(route: Route, reply: Answer[A], request: A) -> ASGIResponse:
    try:
        return await reply(request)
    except Refused as refused:
        return refusal(refused)
    except Exception:
        log.exception("a request failed", route=route.name)
        return problem(500, Problem("internal_error", "Our fault, not yours; it is in the gateway's log."))


def lost(request: Asked, fault: HTTPException) -> Response[Problem]:
    """The answer to a request that found no route, or not by this method."""
    code = CODES.get(fault.status_code, "refused")
    message = f"{request.method} {request.url.path}: {fault.detail}. What there is: /docs."
    return Response(Problem(code, message), status_code=fault.status_code)
