"""The documentation as one page: plain HTML made from the routes, nothing loaded from anywhere, no scripts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import get_args

import msgspec
from litestar.response.base import ASGIResponse

from gateway.asyncapi import asyncapi
from gateway.documentation import openapi
from gateway.door import Asked
from gateway.responses import JSON, text
from gateway.rights import RIGHTS, Right, Scope, scopes_with
from gateway.route import Parameter, Route
from gateway.routes import ROUTES

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Content-Security-Policy: the page needs its own style and nothing else."""

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
code,pre{font:14px/1.4 ui-monospace,monospace} pre{background:#f4f4f2;padding:.8rem;overflow:auto}
h2{border-top:1px solid #ccc;padding-top:1.2rem;margin-top:2rem;overflow-wrap:anywhere} h2 code{font-size:1.2rem}
.verb{color:#06608a} .alias{color:#666;font-size:1rem;font-weight:normal} p code{overflow-wrap:anywhere}
table{border-collapse:collapse} td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left;vertical-align:top}
@media(max-width:45rem){table{display:block;overflow-x:auto}}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1c}pre{background:#2a2a2a}.verb{color:#7cc7ee}}
"""


def page(routes: Sequence[Route] = ROUTES) -> str:
    """HTML; everything that is not ours is escaped."""
    sections = "".join(_section(route) for route in routes)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Caudal gateway</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        '<h1>Caudal gateway</h1><p>The same for programs: <a href="/schema">OpenAPI 3.1</a>, and the '
        'topics of Kafka: <a href="/schema/asyncapi.json">AsyncAPI 3.0</a>. Errors are JSON: '
        '<code>{"code": "stable", "message": "what to do"}</code>.</p>'
        f"<h2>Keys</h2><p>{_KEYS}</p>{_rights()}{sections}<h2>Shapes</h2>{_shapes()}</html>"
    )


_KEYS = (
    "Send the key as <code>Authorization: Basic base64(key + ':')</code>, <code>Authorization: Bearer key</code> or "
    "<code>X-Api-Key: key</code>; events may carry it as <code>writeKey</code> in the body."
)


def _rights() -> str:
    rows = ([right.replace("_", " "), *("yes" if right in RIGHTS[scope] else "" for scope in Scope)] for right in Right)
    return _table(["", *Scope], rows)


def _section(route: Route) -> str:
    path, *aliases = route.paths
    also = f' <span class="alias">also {escape(", ".join(aliases))}</span>' if aliases else ""
    keys = f"<p>Keys: {escape(', '.join(scopes_with(route.right)))}.</p>" if route.right else ""
    body = f"<p>Body: {_links(dict.fromkeys(map(_named, route.body)))}</p>" if route.body else ""
    answered = _links([route.answer.__name__]) if route.answer else f"<code>{escape(route.media)}</code>"
    refused = f"; refused with {', '.join(map(str, route.refusals))}" if route.refusals else ""
    return (
        f'<h2 id="{route.name}"><code><span class="verb">{route.method}</span> {escape(path)}</code>{also}</h2>'
        f"<p><b>{escape(route.summary)}.</b> {escape(route.description)}</p>"
        f"{keys}{_parameters(route.parameters)}{body}<p>Answer: 200 {answered}{refused}.</p>"
    )


def _named(shape: type) -> str:
    """A list is named like what it is of."""
    return next((inner.__name__ for inner in get_args(shape)), shape.__name__)


def _parameters(parameters: Sequence[Parameter]) -> str:
    if not parameters:
        return ""
    rows = (
        [p.name, p.place, p.kind, "required" if p.required else str(p.default or ""), p.description] for p in parameters
    )
    return _table(["parameter", "in", "type", "default", ""], rows)


def _shapes() -> str:
    components = openapi()["components"]
    schemas = components["schemas"] if isinstance(components, Mapping) else {}
    return "".join(
        f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{escape(json.dumps(schema, indent=2))}</pre>'
        for name, schema in schemas.items()
    )


def _links(names: Iterable[str]) -> str:
    return " or ".join(f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>' for name in names)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


class Documents:
    """All forms of the documentation, made once."""

    def __init__(self) -> None:
        self._schema = msgspec.json.encode(openapi())
        self._topics = msgspec.json.encode(asyncapi())
        self._page = page().encode()

    async def schema(self, request: Asked) -> ASGIResponse:
        return text(self._schema, JSON)

    async def topics(self, request: Asked) -> ASGIResponse:
        return text(self._topics, JSON)

    async def page(self, request: Asked) -> ASGIResponse:
        return text(self._page, "text/html; charset=utf-8", {"content-security-policy": POLICY})
