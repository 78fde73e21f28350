"""What a customer did: one typed event per thing that can happen, named as the Segment spec names it.

These are the values of the `customer-events` topic (JSON, tagged by `event`): decoded, validated,
clock-corrected and resolved to one customer. How they look before that is the job of `retail.wire`.
"""

from enum import StrEnum

import msgspec

from retail.household import Declared
from retail.reading import read_json


class Channel(StrEnum):
    """Where the customer met the retailer."""

    WEB = "web"
    APP = "app"
    STORE = "store"
    SERVICE = "service"


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a cart or an order. `price` is in minor units of the order's currency."""

    item: str
    quantity: int = 1
    price: int = 0


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


class ProductViewed(BaseEvent, frozen=True, kw_only=True, tag="Product Viewed"):
    item: str


class ProductAdded(BaseEvent, frozen=True, kw_only=True, tag="Product Added"):
    item: str
    quantity: int = 1


class ProductRemoved(BaseEvent, frozen=True, kw_only=True, tag="Product Removed"):
    item: str
    quantity: int = 1


class ProductsSearched(BaseEvent, frozen=True, kw_only=True, tag="Products Searched"):
    query: str


class OrderCompleted(BaseEvent, frozen=True, kw_only=True, tag="Order Completed"):
    """A purchase, in whichever channel. store: where, if it was in a store."""

    order: str
    lines: tuple[Line, ...]
    store: str | None = None


class StoreEntered(BaseEvent, frozen=True, kw_only=True, tag="Store Entered"):
    store: str


class StoreExited(BaseEvent, frozen=True, kw_only=True, tag="Store Exited"):
    store: str


class ZoneEntered(BaseEvent, frozen=True, kw_only=True, tag="Zone Entered"):
    store: str
    zone: str


class ZoneExited(BaseEvent, frozen=True, kw_only=True, tag="Zone Exited"):
    store: str
    zone: str


class BeaconSighted(BaseEvent, frozen=True, kw_only=True, tag="Beacon Sighted"):
    """A sighting. beacon: `uuid:major:minor`, lower case. rssi: dBm, None where the sender has none."""

    beacon: str
    rssi: float | None = None


class CustomerIdentified(BaseEvent, frozen=True, kw_only=True, tag="Customer Identified"):
    """An `identify` call: what the customer declared. traits: text by name, bounded at the edge.

    household: what may not be shown to them, where the message said something about it.
    """

    traits: dict[str, str] = {}
    household: Declared | None = None


class ConsentUpdated(BaseEvent, frozen=True, kw_only=True, tag="Segment Consent Preference Updated"):
    """Carries nothing but `consents`."""


class DeliveryStatus(StrEnum):
    SENT = "sent"
    OPENED = "opened"
    DISMISSED = "dismissed"
    REDEEMED = "redeemed"
    FAILED = "failed"
    WITHHELD = "withheld"


class DeliveryReported(BaseEvent, frozen=True, kw_only=True, tag="Delivery Reported"):
    """What became of a push after it was decided. reason: why, for failed and withheld."""

    decision: str
    offer: str
    status: DeliveryStatus
    reason: str = ""


class Tracked(BaseEvent, frozen=True, kw_only=True, tag="Tracked"):
    """Any other event: kept as a sign of life, without an effect of its own. name: the sender's event name."""

    name: str


class TimerFired(BaseEvent, frozen=True, kw_only=True, tag="Timer Fired"):
    """A timer of the customer's state is due. at: since when, received: when it was noticed.

    Made by the owner of the partition alone, see `streams.timers`; from outside it is refused.
    """


Event = (
    ProductViewed
    | ProductAdded
    | ProductRemoved
    | ProductsSearched
    | OrderCompleted
    | StoreEntered
    | StoreExited
    | ZoneEntered
    | ZoneExited
    | BeaconSighted
    | CustomerIdentified
    | ConsentUpdated
    | DeliveryReported
    | Tracked
    | TimerFired
)

_decoder = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def decode_event(raw: bytes) -> Event:
    """One value of `customer-events`. Raises msgspec.DecodeError (ValidationError among it)."""
    event: Event = read_json(_decoder, raw)
    return event


def encode_event(event: Event) -> bytes:
    return _encoder.encode(event)
