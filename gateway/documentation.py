"""The OpenAPI document, made from the routes: what is offered and what is documented cannot drift apart."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

import msgspec

from gateway.answers import Readiness
from gateway.errors import Problem
from gateway.rights import scopes_with
from gateway.route import JSON, Parameter, Route
from gateway.routes import READY, ROUTES

Document = dict[str, object]
"""A part of an OpenAPI document: plain JSON."""

TEMPLATE = "#/components/schemas/{name}"

KEYS: Document = {
    "basic": {"type": "http", "scheme": "basic", "description": "The key as user name, no password."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}


def openapi(routes: Sequence[Route] = ROUTES) -> Document:
    """OpenAPI 3.1, as plain JSON values."""
    schemas, components = _schemas(routes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Caudal gateway", "version": software_version(), "license": {"name": "Apache-2.0"}},
        "components": {"schemas": components, "securitySchemes": KEYS},
        "paths": {
            path: {route.method.lower(): _operation(route, path, schemas)} for route in routes for path in route.paths
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[Mapping[type, Document], Document]:
    """Each shape's schema (a reference), and the components that they refer to."""
    shapes: list[type] = [Problem]
    for route in routes:
        shapes += [shape for shape in (*route.body, route.answer) if shape is not None and shape not in shapes]
    schemas, components = msgspec.json.schema_components(shapes, schema_hook=any_json, ref_template=TEMPLATE)
    return dict(zip(shapes, schemas, strict=True)), dict(components)


def any_json(kind: type) -> Document:
    """Raw is any JSON, passed through."""
    if kind is msgspec.Raw:
        return {}
    raise NotImplementedError(f"{kind} has no schema")


def _operation(route: Route, path: str, schemas: Mapping[type, Document]) -> Document:
    alias = path != route.paths[0]
    operation: Document = {
        "operationId": path.strip("/").replace("/", "_") if alias else route.name,
        "summary": f"The same as {route.paths[0]}" if alias else route.summary,
        "responses": _responses(route, schemas),
    }
    if said := _description(route):
        operation["description"] = said
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if route.body:
        schema = _either(route.body, schemas)
        operation["requestBody"] = {"required": True, "content": {media: {"schema": schema} for media in route.takes}}
    if route.right:
        operation["security"] = [{name: []} for name in KEYS]
    return operation


def _description(route: Route) -> str:
    keys = f"For keys of scope {', '.join(scopes_with(route.right))}." if route.right else ""
    return " ".join(part for part in (route.description, keys) if part)


def _parameter(parameter: Parameter) -> Document:
    schema: Document = {"type": parameter.kind}
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }


def _either(shapes: Sequence[type], schemas: Mapping[type, Document]) -> Document:
    return schemas[shapes[0]] if len(shapes) == 1 else {"anyOf": [schemas[shape] for shape in shapes]}


def _responses(route: Route, schemas: Mapping[type, Document]) -> Document:
    schema = schemas[route.answer] if route.answer else {"type": "string"}
    responses: Document = {"200": {"description": "OK", "content": {route.media: {"schema": schema}}}}
    for status in route.refusals:
        shape = Readiness if route is READY else Problem
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": schemas[shape]}},
        }
    return responses


def software_version() -> str:
    try:
        return version("caudal")
    except PackageNotFoundError:
        return "unknown"
