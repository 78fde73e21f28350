"""Every route with every kind of key: who may do what."""

from base64 import b64encode

import pytest

from gateway.routes import ROUTES
from tests.unit.gateway.running import KEYS, Running

ALLOWED = {
    "batch": "site app store admin",
    "track": "site app store admin",
    "identify": "site app store admin",
    "page": "site app store admin",
    "screen": "site app store admin",
    "group": "site app store admin",
    "alias": "site app store admin",
    "sightings": "app store admin",
    "cloudevents": "site app store admin",
    "measurement": "site app store admin",
    "snowplow": "site app store admin",
    "snowplow_pixel": "site app store admin",
    "recommendations": "site app store admin",
    "offers": "app store admin",
    "inbox": "app admin",
    "inbox_stream": "app admin",
    "session": "site app store admin",
    "merchandising": "admin",
    "customer": "admin",
    "merge_customers": "admin",
    "split_customer": "admin",
}
"""Written out once more, so that a change of the table is a decision."""

OPEN = {"livez", "readyz", "metrics", "schema", "asyncapi", "docs", "site_settings", "source_config"}
"""Asked from this machine; `metrics` wants an admin key from elsewhere. A client library's settings tell by the key
itself; see test_sources.py."""

CLOUD_EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "product_viewed", "userid": "42"}

BODIES: dict[str, object] = {
    "batch": {"batch": []},
    "sightings": {"sightings": []},
    "cloudevents": {**CLOUD_EVENT, "data": {"product_id": "mug"}},
    "measurement": {"client_id": "web-1", "events": [{"name": "page_view"}]},
    "snowplow": {"data": [{"e": "pv", "uid": "42"}]},
    "merge_customers": {"customer": "ana", "identifier": "card:7"},
    "split_customer": {"identifier": "card:7"},
}

GUARDED = [(route, path) for route in ROUTES if route.name not in OPEN for path in route.paths]


def test_the_table_names_every_route() -> None:
    assert {route.name for route in ROUTES} == OPEN | set(ALLOWED)


@pytest.mark.parametrize("scope", ["", "nobody", *KEYS])
async def test_each_key_opens_its_routes_and_no_other(gateway: Running, scope: str) -> None:
    for route, path in GUARDED:
        expected = 401 if scope not in KEYS else 200 if scope in ALLOWED[route.name].split() else 403
        assert await status_of(gateway, route.name, path, scope) == expected, f"{scope or 'no key'} at {path}"


async def status_of(gateway: Running, name: str, path: str, scope: str) -> int:
    if name == "inbox_stream":
        headers = {"authorization": f"Bearer {KEYS.get(scope, scope)}"} if scope else {}
        async with gateway.client.stream("GET", f"{path}?customer=42", headers=headers) as answer:
            return answer.status_code
    if name == "session":
        return (await gateway.get(f"{path}?anonymousId=42", scope)).status_code
    if name in ("recommendations", "offers", "inbox", "customer", "merchandising"):
        return (await gateway.get(f"{path}?customer=42", scope)).status_code
    if name == "snowplow_pixel":
        return (await gateway.get(f"{path}?e=pv&uid=42", scope)).status_code
    if name == "cloudevents":
        return (
            await gateway.post(path, BODIES[name], scope, **{"content-type": "application/cloudevents+json"})
        ).status_code
    body = BODIES.get(name, {"userId": "42", "event": "Product Viewed"})
    return (await gateway.post(path, body, scope)).status_code


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/schema", "/docs"])
async def test_what_operators_need_is_open(gateway: Running, path: str) -> None:
    assert (await gateway.get(path, "")).status_code == 200


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": basic("app-key:")},
        {"authorization": basic("app-key")},
        {"authorization": "Bearer app-key"},
        {"authorization": "bearer app-key"},
        {"x-api-key": "app-key"},
    ],
)
async def test_a_key_may_come_in_any_of_the_usual_ways(gateway: Running, headers: dict[str, str]) -> None:
    assert (await gateway.get("/v1/inbox?customer=42", "", **headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic %%%"},
        {"authorization": "Basic"},
        {"authorization": basic(":app-key")},
        {"authorization": "Digest app-key"},
        {"authorization": "Bearer APP-KEY"},
        {"authorization": "Bearer"},
        {"x-api-key": ""},
        {"x-api-key": "ä" * 300},
    ],
)
async def test_what_is_no_key_is_answered_401_with_how_to_send_one(gateway: Running, headers: dict[str, str]) -> None:
    answer = await gateway.client.get(
        "/v1/inbox?customer=42", headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert "Authorization" in answer.json()["message"]


async def test_a_wrong_key_in_the_header_is_not_mended_by_one_in_the_body(gateway: Running) -> None:
    body = {"userId": "42", "writeKey": "site-key"}
    assert (await gateway.post("/v1/track", body, "nobody")).status_code == 401
    assert gateway.kafka.records == []


async def test_a_refused_scope_is_told_which_would_do(gateway: Running) -> None:
    answer = await gateway.get("/v1/inbox?customer=42", "site")
    assert answer.status_code == 403
    assert "app or admin" in answer.json()["message"]
