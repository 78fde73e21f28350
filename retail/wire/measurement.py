"""Google Analytics 4, Measurement Protocol: its requests as messages of ours.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference. `client_id` is the anonymous id,
`app_instance_id` that of an app. Events have no id, so one is derived from who did what when.
"""

import msgspec

from retail.errors import EventRefused
from retail.identifiers import Identifiers
from retail.wire.commerce import told
from retail.wire.message import Message, Values, derived_id, encode_message, numbered_id
from retail.wire.names import spec_name
from retail.wire.reading import read, read_object

PAGES = {"page_view": "page", "screen_view": "screen"}

Micros = int | str | None
Id = str | int | None


class Measurement(msgspec.Struct):
    """One request. timestamp_micros: of all events that have none of their own."""

    events: list[msgspec.Raw]
    client_id: Id = None
    app_instance_id: Id = None
    user_id: Id = None
    timestamp_micros: Micros = None

    def identifiers(self) -> Identifiers:
        return Identifiers(_text(self.user_id), None, _text(self.client_id) or _text(self.app_instance_id))


class _Params(msgspec.Struct):
    items: list[dict[str, object]] = []
    transaction_id: Id = None
    search_term: str | None = None
    page_title: str | None = None
    screen_name: str | None = None


class _Event(msgspec.Struct):
    name: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    timestamp_micros: Micros = None


_request = msgspec.json.Decoder(Measurement)
_event = msgspec.json.Decoder(_Event)
_params = msgspec.json.Decoder(_Params)


def open_measurement(body: bytes) -> Measurement:
    """Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`."""
    return read(_request, body, "the request")


def measured(raw: bytes, request: Measurement) -> list[bytes]:
    """The messages of one event of the request. Raises EventRefused."""
    event = read(_event, raw, "the event")
    params, said = read(_params, event.params, "params"), read_object(event.params, "params")
    identifiers = request.identifiers()
    micros = event.timestamp_micros if event.timestamp_micros is not None else request.timestamp_micros
    id_ = _message_id(event, params, identifiers, micros)
    if kind := PAGES.get(event.name):
        page = params.page_title or params.screen_name
        return [_encoded(Message(kind, id_, name=page, properties=said), identifiers, micros)]
    said.pop("items", None)
    name = spec_name(event.name)
    messages = told(name, params.items, {**said, **_in_our_words(params)})
    return [
        _encoded(Message("track", numbered_id(id_, number), event=name, properties=properties), identifiers, micros)
        for number, properties in enumerate(messages)
    ]


def _in_our_words(params: _Params) -> Values:
    order = {"order_id": params.transaction_id} if params.transaction_id is not None else {}
    return {**order, "query": params.search_term} if params.search_term is not None else order


def _encoded(message: Message, identifiers: Identifiers, micros: Micros) -> bytes:
    message.user_id, message.anonymous_id = identifiers.user, identifiers.anonymous
    message.timestamp = _milliseconds(micros)
    return encode_message(message)


def _message_id(event: _Event, params: _Params, identifiers: Identifiers, micros: Micros) -> str | None:
    """None where neither a time nor an order tells a retry from the same thing done again."""
    if micros is None and params.transaction_id is None:
        return None
    who = identifiers.user or identifiers.anonymous or ""
    return derived_id("ga4", who, event.name, str(micros), bytes(event.params).decode("utf-8", "replace"))


def _milliseconds(micros: Micros) -> int | None:
    if micros is None:
        return None
    try:
        return int(micros) // 1000
    except ValueError:
        raise EventRefused("wrong_type", f"timestamp_micros is {str(micros)[:40]!r}; it is a whole number") from None


def _text(given: Id) -> str | None:
    return None if given is None or given == "" else str(given)
