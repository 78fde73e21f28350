"""The door of a route: every request comes through it, is timed and counted, and is always answered in our words."""

import time
from collections.abc import Awaitable, Callable

import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from gateway.errors import Problem, Refused
from gateway.meters import Meters
from gateway.responses import problem, refusal
from gateway.routes import Route

Asked = Request[None, None, State]
"""A request; who asks is found by the route itself, since a key may be in the body."""

Answer = Callable[[Asked], Awaitable[ASGIResponse]]

log = structlog.get_logger()

CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}
"""Codes of what is refused before a route is found."""


def door(route: Route, reply: Answer, meters: Meters) -> HTTPRouteHandler:
    """The handler that Litestar routes to."""

    async def enter(request: Asked) -> ASGIResponse:
        started = time.perf_counter()
        response = await _answered(route, reply, request)
        meters.answered(route.name, response.status_code, time.perf_counter() - started)
        return response

    verb = get if route.method == "GET" else post
    return verb(list(route.paths), name=route.name)(enter)


async def _answered(route: Route, reply: Answer, request: Asked) -> ASGIResponse:
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
