"""A sender of raw messages: builders with defaults."""

import json
from datetime import UTC, datetime

from retail.events import Channel, Event
from retail.wire import refine
from tests.shop import ANA, NOON


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def message(type_: str = "track", **fields: object) -> bytes:
    return json.dumps({"type": type_, "messageId": "m-1", "userId": ANA, "timestamp": iso(NOON), **fields}).encode()


def track(event: str = "Product Viewed", properties: object = None, **fields: object) -> bytes:
    given = {"product_id": "mug"} if properties is None else properties
    return message("track", event=event, properties=given, **fields)


def refined(raw: bytes, channel: Channel = Channel.WEB, received: int = NOON) -> Event:
    return refine(raw, channel, received)
