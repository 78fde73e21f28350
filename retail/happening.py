"""What every event carries, whatever happened: to whom, when, and in which channel."""

from enum import StrEnum

import msgspec


class Channel(StrEnum):
    """Where the customer met the retailer."""

    WEB = "web"
    APP = "app"
    STORE = "store"
    SERVICE = "service"


class BaseEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True, gc=False):
    """What every event carries.

    id: the sender's message id. at: event time, received: arrival, both milliseconds since the epoch (UTC).
    consents: purposes granted or denied in this very event; None where the sender said nothing.
    """

    id: str
    customer: str
    channel: Channel
    at: int
    received: int
    consents: dict[str, bool] | None = None
