"""The AsyncAPI document, made from the topics and the types: what may be written to Kafka, and what can be read there.

Source: the AsyncAPI specification 3.0.0. `receive` is what Caudal reads, `send` what it writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from gateway.documentation import TEMPLATE, Document, any_json, software_version
from gateway.requests import PostedCloudEvent, PostedEvent
from retail.catalog import Item
from retail.decisions import Push, Withheld
from retail.events import DeliveryReported, Event
from retail.journey import StageChange
from retail.letters import Note
from retail.merchandising import Rule
from retail.offers import Offer
from retail.outcomes import Outcome
from retail.rejects import Rejected
from retail.slates import Slate
from retail.stores import Store
from retail.wire.names import SERVICE
from retail.wire.tracks import PROPERTIES
from streams.topics import (
    ALL,
    CATALOG,
    CHANNELS,
    CUSTOMER_EVENTS,
    DELIVERIES,
    IDENTITIES,
    JOURNEYS,
    MERCHANDISING,
    OFFERS,
    OUTCOMES,
    PROMOTIONS,
    RECOMMENDATIONS,
    REJECTED,
    STORES,
    Topic,
)

READ = frozenset({*CHANNELS, DELIVERIES, CATALOG, STORES, OFFERS, MERCHANDISING})
"""Topics that others write to."""

VALUES: Mapping[Topic, object] = {
    CUSTOMER_EVENTS: Event,
    REJECTED: Rejected,
    RECOMMENDATIONS: Slate,
    PROMOTIONS: Push | Withheld,
    JOURNEYS: StageChange,
    OUTCOMES: Outcome,
    DELIVERIES: DeliveryReported,
    IDENTITIES: Note,
    CATALOG: Item,
    STORES: Store,
    OFFERS: Offer,
    MERCHANDISING: Rule,
}
"""What the records of a topic are; those of the channels are what senders write."""

SENT: Mapping[str, tuple[str, Document]] = {
    "AnyEvent": ("Any event", {"$ref": TEMPLATE.format(name=PostedEvent.__name__)}),
    "CloudEvent": (
        "A CloudEvent: in its JSON format, or with its attributes in ce_ headers and the data as the value",
        {"$ref": TEMPLATE.format(name=PostedCloudEvent.__name__)},
    ),
}


@dataclass(frozen=True)
class _Shapes:
    """schemas: one per topic with a shape of its own. properties: by event name. components: what they refer to."""

    schemas: Mapping[Topic, Document]
    properties: Mapping[str, Document]
    components: Document


def asyncapi() -> Document:
    """AsyncAPI 3.0, as plain JSON values. Topics that only Caudal itself reads and writes are left out."""
    shapes = _shapes()
    topics = [topic for topic in ALL if topic in CHANNELS or topic in VALUES]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Caudal topics", "version": software_version(), "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "channels": {_id(topic): _channel(topic) for topic in topics},
        "operations": {f"{_action(topic)}_{_id(topic)}": _operation(topic) for topic in topics},
        "components": {"messages": _messages(shapes), "schemas": shapes.components},
    }


def _shapes() -> _Shapes:
    kinds = list(PROPERTIES.values())
    types: list[object] = [PostedEvent, PostedCloudEvent, *kinds, *VALUES.values()]
    schemas, components = msgspec.json.schema_components(types, schema_hook=any_json, ref_template=TEMPLATE)
    rest = schemas[2:]
    properties = dict(zip(PROPERTIES, rest[: len(kinds)], strict=True))
    return _Shapes(dict(zip(VALUES, rest[len(kinds) :], strict=True)), properties, dict(components))


def _channel(topic: Topic) -> Document:
    names = _sent_names() if topic in CHANNELS else [_id(topic)]
    return {
        "address": topic.name,
        "description": f"{topic.job[:1].upper()}{topic.job[1:]}. Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": topic.name}},
    }


def _operation(topic: Topic) -> Document:
    return {"action": _action(topic), "channel": {"$ref": f"#/channels/{_id(topic)}"}, "summary": topic.job}


def _messages(shapes: _Shapes) -> Document:
    sent: Document = {name: _message(title, payload) for name, (title, payload) in SENT.items()}
    for name, schema in shapes.properties.items():
        event = {
            "type": "object",
            "properties": {"event": {"const": name}, "properties": schema},
            "required": ["event"],
        }
        payload: Document = {"allOf": [SENT["AnyEvent"][1], event]}
        channel = "events.service" if name in SERVICE else "any channel"
        sent[_id_of(name)] = _message(f"{name} ({channel})", payload)
    return {**sent, **{_id(topic): _message(topic.job, schema) for topic, schema in shapes.schemas.items()}}


def _message(title: str, payload: Document) -> Document:
    return {"title": title, "contentType": "application/json", "payload": payload}


def _sent_names() -> list[str]:
    return [*SENT, *map(_id_of, PROPERTIES)]


def _action(topic: Topic) -> str:
    return "receive" if topic in READ else "send"


def _id(topic: Topic) -> str:
    return topic.name.replace(".", "_").replace("-", "_")


def _id_of(name: str) -> str:
    return name.replace(" ", "")
