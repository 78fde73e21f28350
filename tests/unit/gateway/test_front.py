"""An event that takes the short way in is answered as one that takes the long way, over every path of its route."""

import httpx2
import pytest

from gateway import routes
from gateway.route import Route
from tests.unit.gateway.running import Running

VIEW = {"event": "Product Viewed", "userId": "ana", "messageId": "m-1", "properties": {"product_id": "mug"}}

BROWSER = {"origin": "https://shop.example"}

OF_ONE_ANSWER = {"id": "", "attribution": ""}
"""What no two answers have in common: the token holds the id and the time."""


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["server", "browser"])
@pytest.mark.parametrize("key", ["site", "nobody"])
async def test_the_short_way_answers_as_the_long_way_does(gateway: Running, key: str, headers: dict[str, str]) -> None:
    short = await gateway.post("/v1/track", VIEW, key, **headers)
    long = await gateway.post("/v1/track/", VIEW, key, **headers)
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert _headers(short) == _headers(long)


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["server", "browser"])
@pytest.mark.parametrize("key", ["app", "nobody"])
@pytest.mark.parametrize("route", [routes.RECOMMENDATIONS, routes.OFFERS, routes.INBOX, routes.SESSION])
async def test_what_is_asked_the_short_way_is_answered_as_the_long_way(
    gateway: Running, route: Route, key: str, headers: dict[str, str]
) -> None:
    [path] = route.paths
    short = await gateway.get(f"{path}?customer=ana", key, **headers)
    long = await gateway.get(f"{path}/?customer=ana", key, **headers)
    assert short.status_code == long.status_code
    assert {**short.json(), **OF_ONE_ANSWER} == {**long.json(), **OF_ONE_ANSWER}
    assert _headers(short) == _headers(long)


@pytest.mark.parametrize("path", [path for route in routes.SINGLES for path in route.paths])
async def test_every_path_takes_events(gateway: Running, path: str) -> None:
    answer = await gateway.post(path, {**VIEW, "messageId": path})
    assert answer.status_code == 200
    assert len(gateway.kafka.records) == 1


async def test_asking_for_an_event_instead_of_posting_one_is_refused(gateway: Running) -> None:
    assert (await gateway.get("/v1/track")).status_code == 405


def _headers(response: httpx2.Response) -> dict[str, str]:
    """Without the time, which may go on between two answers."""
    return {name: value for name, value in response.headers.items() if name != "date"}
