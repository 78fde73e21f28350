"""Snowplow's tracker protocol 2: rows of a POST or the query of a GET, as messages of ours.

Source: docs.snowplow.io/docs/fundamentals/canonical-event and the payload_data schema 1-0-4. Values are texts; JSON
inside them is plain (`ue_pr`, `co`) or base64url (`ue_px`, `cx`).
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from retail.errors import EventRefused
from retail.wire.commerce import told
from retail.wire.message import Message, Values, encode_message, numbered_id
from retail.wire.names import spec_name, words_of
from retail.wire.reading import read, read_object

ECOMMERCE = "snowplow_ecommerce_action"
FEW_FIELDS = 200
"""Parameters of a query; trackers send some 30."""


class Payload(msgspec.Struct):
    """The body of a POST. data: one row per event."""

    data: list[msgspec.Raw]


class _Row(msgspec.Struct):
    """The parameters that are read; the names are the protocol's. dtm, ttm, stm: milliseconds."""

    e: str = ""
    eid: str | None = None
    uid: str | None = None
    duid: str | None = None
    nuid: str | None = None
    dtm: str | None = None
    ttm: str | None = None
    stm: str | None = None
    page: str | None = None
    url: str | None = None
    refr: str | None = None
    se_ca: str | None = None
    se_ac: str | None = None
    se_la: str | None = None
    se_pr: str | None = None
    se_va: str | None = None
    ue_pr: str | None = None
    ue_px: str | None = None
    co: str | None = None
    cx: str | None = None


class _Sourced(msgspec.Struct):
    aid: str | None = None


class _Described(msgspec.Struct):
    """Self-describing JSON. schema: `iglu:vendor/name/format/version`."""

    schema: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Said(NamedTuple):
    """name: of the schema. data: what it holds."""

    name: str
    data: Values


_payload = msgspec.json.Decoder(Payload)
_row = msgspec.json.Decoder(_Row)
_sourced = msgspec.json.Decoder(_Sourced)
_described = msgspec.json.Decoder(_Described)
_contexts = msgspec.json.Decoder(list[_Described])
_encoder = msgspec.json.Encoder()

OTHERS: Mapping[str, str] = {"pp": "Page Pinged", "tr": "Transaction Tracked", "ti": "Transaction Item Tracked"}
"""Kinds of rows without an effect here."""


def open_payload(body: bytes) -> list[bytes]:
    """The rows of a POST. Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`."""
    return [bytes(row) for row in read(_payload, body, "the payload").data]


def row_of(query: bytes) -> bytes:
    """The row that a GET is. Raises EventRefused: `malformed_query`."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), errors="replace", max_num_fields=FEW_FIELDS)
    except ValueError as fault:
        raise EventRefused("malformed_query", f"the query is none of a tracker: {fault}") from None
    return _encoder.encode(dict(pairs))


def application_of(row: bytes) -> str:
    """The application id that the tracker was given, "" where it was given none."""
    try:
        return read(_sourced, row, "the row").aid or ""
    except EventRefused:
        return ""


def tracked(raw: bytes) -> list[bytes]:
    """The messages of one row. Raises EventRefused."""
    row = read(_row, raw, "the row")
    messages = _messages(row)
    for number, message in enumerate(messages):
        message.message_id = numbered_id(row.eid, number)
        message.user_id, message.anonymous_id = row.uid, row.duid or row.nuid
        message.timestamp, message.sent_at = _milliseconds(row.ttm or row.dtm), _milliseconds(row.stm)
    return [encode_message(message) for message in messages]


def _messages(row: _Row) -> list[Message]:
    match row.e:
        case "pv":
            said = {"title": row.page, "url": row.url, "referrer": row.refr}
            return [Message("page", name=row.page, properties=said)]
        case "se":
            said = {"category": row.se_ca, "label": row.se_la, "property": row.se_pr, "value": row.se_va}
            return [Message("track", event=f"{row.se_ca or ''} {row.se_ac or ''}".strip() or "Event", properties=said)]
        case "ue":
            return _self_described(row)
    if row.e in OTHERS:
        return [Message("track", event=OTHERS[row.e])]
    raise EventRefused("unknown_message_type", f"e is {row.e[:40]!r}, none of pv, pp, se, ue, tr, ti")


def _self_described(row: _Row) -> list[Message]:
    outer = _json(row.ue_pr, row.ue_px, "ue_pr")
    if outer is None:
        raise EventRefused("missing_event_name", "a self-describing event needs ue_pr or ue_px")
    said = _said(read(_described, read(_described, outer, "ue_pr").data, "ue_pr.data"))
    if said.name == "screen_view":
        name = said.data.get("name")
        return [Message("screen", name=name if isinstance(name, str) else None, properties=said.data)]
    contexts = _json(row.co, row.cx, "co")
    entities = _entities(contexts) if contexts is not None else []
    if said.name == ECOMMERCE:
        return _commerce(said.data, entities)
    name = spec_name(said.name)
    if name == said.name:
        name = " ".join(words_of(name)).title()
    return [Message("track", event=name, properties=said.data)]


def _commerce(action: Values, entities: Sequence[Said]) -> list[Message]:
    name = spec_name(str(action.get("type", "")))
    products = [entity.data for entity in entities if entity.name == "product"]
    order = next((entity.data for entity in entities if entity.name in ("transaction", "refund")), {})
    said = {**action, **order}
    if "transaction_id" in order:
        said["order_id"] = order["transaction_id"]
    return [Message("track", event=name or "Event", properties=properties) for properties in told(name, products, said)]


def _entities(contexts: bytes) -> list[Said]:
    listed = read(_contexts, read(_described, contexts, "co").data, "co.data")
    return [_said(entity) for entity in listed]


def _said(described: _Described) -> Said:
    """iglu:com.acme/product_viewed/jsonschema/1-0-0 is named product_viewed."""
    parts = described.schema.split("/")
    return Said(parts[1] if len(parts) > 1 else "", read_object(described.data, "data"))


def _json(plain: str | None, encoded: str | None, field: str) -> bytes | None:
    if plain:
        return plain.encode("utf-8", "surrogatepass")
    if not encoded:
        return None
    try:
        return urlsafe_b64decode(encoded.replace("+", "-").replace("/", "_") + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        raise EventRefused("malformed_json", f"{field} in base64 is none") from None


def _milliseconds(given: str | None) -> int | None:
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 19 else None
