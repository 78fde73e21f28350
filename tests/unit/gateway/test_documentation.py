import re
from collections.abc import Iterator

import jsonschema  # type: ignore[import-untyped]
import msgspec

from gateway.asyncapi import asyncapi
from gateway.documentation import openapi
from gateway.routes import ROUTES
from retail.events import encode_event
from retail.wire.names import SERVICE
from streams.topics import ALL, CLICKS, CUSTOMER_SNAPSHOTS
from tests.shop import bought, sighted, viewed
from tests.unit.gateway.running import Running


async def test_every_route_is_documented_with_what_goes_in_and_comes_out(gateway: Running) -> None:
    document = (await gateway.get("/schema", "")).json()
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        for path in route.paths:
            operation = document["paths"][path][route.method.lower()]
            assert operation["summary"]
            assert ("requestBody" in operation) == bool(route.body)
            assert {int(status) for status in operation["responses"]} == {200, *route.refusals}


async def test_what_is_documented_answers(gateway: Running) -> None:
    for path, operations in (await gateway.get("/schema", "")).json()["paths"].items():
        for method in operations:
            if path != "/v1/inbox/stream":
                answer = await gateway.client.request(method, path)
                assert answer.status_code not in (404, 405), f"{method} {path}"


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_shape_that_is_referred_to_exists_and_is_a_schema() -> None:
    document = openapi()
    components = document["components"]
    assert isinstance(components, dict)
    schemas = components["schemas"]
    assert {ref.rpartition("/")[2] for ref in references(document)} <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_operations_have_names_of_their_own() -> None:
    paths = openapi()["paths"]
    assert isinstance(paths, dict)
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(names) == len(set(names))


async def test_answers_are_shaped_as_documented(gateway: Running) -> None:
    document = (await gateway.get("/schema", "")).json()
    for path in ("/v1/recommendations", "/v1/offers", "/v1/inbox", "/livez", "/readyz"):
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = await gateway.get(f"{path}?customer=ana")
        jsonschema.validate(answer.json(), {**schema, "components": document["components"]})


async def test_the_page_loads_nothing_from_anywhere(gateway: Running) -> None:
    answer = await gateway.get("/docs", "")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="(?!#|/schema(?:/asyncapi.json)?")', answer.text) == []
    assert all(route.paths[0] in answer.text for route in ROUTES)


async def test_the_topics_are_documented_beside_the_routes(gateway: Running) -> None:
    document = (await gateway.get("/schema/asyncapi.json", "")).json()
    assert document["asyncapi"] == "3.0.0"
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {topic.name for topic in ALL} - {CUSTOMER_SNAPSHOTS.name, CLICKS.name}
    for reference in references(document):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found
    assert {operation["action"] for operation in document["operations"].values()} == {"send", "receive"}


def test_what_the_service_channel_may_be_told_has_a_schema_each() -> None:
    components = asyncapi()["components"]
    assert isinstance(components, dict)
    messages = set(components["messages"])
    assert {name.replace(" ", "") for name in SERVICE} <= messages


def test_events_are_shaped_as_the_topics_document_says() -> None:
    document = asyncapi()
    components = document["components"]
    assert isinstance(components, dict)
    schema = {**components["messages"]["customer_events"]["payload"], "components": components}
    for event in (viewed(), bought("milk"), sighted()):
        jsonschema.validate(msgspec.json.decode(encode_event(event)), schema)
