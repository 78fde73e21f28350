"""Whatever the OpenAPI document allows, and what it does not, is answered in our words and never by a 5xx."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error

from gateway.documentation import openapi
from gateway.route import Route
from gateway.routes import INBOX_STREAM, ROUTES
from tests.unit.gateway.running import bearer, running

SCHEMA = schemathesis.openapi.from_dict(openapi())
ASKED = [route for route in ROUTES if route is not INBOX_STREAM]
"""A stream has no end to wait for."""


COMPILED = 300.0
"""Seconds for a gateway to start where nothing was ever compiled, on a busy machine."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A gateway with a loop of its own: these requests are made synchronously."""
    started: list[str] = []
    ready, over, loop = asyncio.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def run() -> None:
        async with running() as gateway:
            started.append(str(gateway.client.base_url))
            ready.set()
            await over.wait()

    thread = Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(COMPILED)
    yield started[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(30.0)
    loop.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("route", ASKED, ids=lambda route: route.name)
def test_whatever_is_asked_is_answered_as_documented(url: str, route: Route, mode: GenerationMode) -> None:
    operation = SCHEMA[route.paths[0]][route.method]

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        response = case.call(base_url=url, headers=bearer("admin"), timeout=10.0)
        case.validate_response(response, checks=[not_a_server_error])
        assert response.status_code in {200, *route.refusals, 404, 405}
        if response.status_code >= 400 and route.name != "readyz":
            assert set(response.json()) == {"code", "message"}

    # Unsatisfiable: nothing that is asked of this route can be wrong.
    with suppress(Unsatisfiable):
        ask()
