"""The shapes of what comes in, as documented. The worker checks events; the gateway reads only their outline."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, UnsetType

Identifier = Annotated[str, Meta(min_length=1, max_length=256)]


class PostedEvent(msgspec.Struct, rename="camel", omit_defaults=True):
    """One event in the Segment shape; at least one of userId, loyaltyCard and anonymousId names the customer.

    In `context` more may: loyaltyCard, emailHash, phoneHash, paymentToken, beaconTag, device.id; and sharedDevice says
    that a kiosk's or a family's device tells nothing about who uses it.
    """

    type: Annotated[str, Meta(description="track, identify, page, screen, group or alias; implied by the path.")] = ""
    event: Annotated[str, Meta(description="Name of a track event, as `Product Viewed`.")] = ""
    name: Annotated[str, Meta(description="Name of a page or screen.")] = ""
    user_id: Identifier | None = None
    anonymous_id: Identifier | None = None
    loyalty_card: Identifier | None = None
    message_id: Annotated[str, Meta(description="Unique per event; a repeated one is applied once.")] | None = None
    timestamp: Annotated[str, Meta(description="When it happened, ISO 8601.")] | None = None
    sent_at: Annotated[str, Meta(description="When it was sent by the same clock; corrects that clock.")] | None = None
    properties: dict[str, Raw] = {}
    traits: dict[str, Raw] = {}
    context: dict[str, Raw] = {}
    write_key: Annotated[str, Meta(description="The API key, where no header carries it.")] | None = None


class PostedBatch(msgspec.Struct, rename="camel", omit_defaults=True):
    """Many events; `context` and `sentAt` count for events without their own."""

    batch: list[PostedEvent]
    sent_at: str | None = None
    context: dict[str, Raw] = {}
    write_key: str | None = None


class PostedSighting(msgspec.Struct, rename="camel", omit_defaults=True):
    """A beacon that a phone or a store gateway saw; `uuid`, `major` and `minor`, or an Eddystone's `namespace` and
    `instance`, may stand for `beacon`."""

    user_id: Identifier | None = None
    anonymous_id: Identifier | None = None
    loyalty_card: Identifier | None = None
    beacon: Annotated[str, Meta(description="uuid:major:minor, or eddy:namespace:instance")] | None = None
    uuid: str | None = None
    major: int | str | None = None
    minor: int | str | None = None
    namespace: Annotated[str, Meta(description="Of an Eddystone beacon: 20 hexadecimal digits.")] | None = None
    instance: Annotated[str, Meta(description="Of an Eddystone beacon: 12 hexadecimal digits.")] | None = None
    rssi: Annotated[float, Meta(description="Signal strength, dBm.")] | None = None
    timestamp: Annotated[str | int, Meta(description="When it was seen: ISO 8601, or milliseconds.")] | None = None
    sent_at: str | int | None = None
    message_id: str | None = None
    context: Raw | UnsetType = msgspec.UNSET


class PostedSightings(msgspec.Struct, rename="camel", omit_defaults=True):
    """One sighting, or many under `sightings`."""

    sightings: list[PostedSighting] | UnsetType = msgspec.UNSET
    write_key: str | None = None


class PostedCloudEvent(msgspec.Struct, omit_defaults=True):
    """An event in the JSON format of CloudEvents 1.0; other attributes are allowed."""

    id: str
    source: str
    specversion: Annotated[str, Meta(description="1.0")]
    type: Annotated[str, Meta(description="Ends with the event's name, as `com.example.product_viewed`.")]
    subject: str | None = None
    time: Annotated[str, Meta(description="When it happened, RFC 3339.")] | None = None
    datacontenttype: str | None = None
    partitionkey: Annotated[str, Meta(description="The customer, where data and attributes name none.")] | None = None
    userid: str | None = None
    anonymousid: str | None = None
    loyaltycard: str | None = None
    data: dict[str, Raw] = {}
    data_base64: str | None = None


class MeasuredEvent(msgspec.Struct, omit_defaults=True):
    """params: as the protocol has them, `items` among them."""

    name: str
    params: dict[str, Raw] = {}
    timestamp_micros: int | str | None = None


class PostedMeasurement(msgspec.Struct, omit_defaults=True):
    """A request of the Measurement Protocol; user_id, client_id or app_instance_id names the customer."""

    events: list[MeasuredEvent]
    client_id: str | None = None
    app_instance_id: str | None = None
    user_id: str | None = None
    timestamp_micros: int | str | None = None


class PostedPayload(msgspec.Struct, omit_defaults=True):
    """The payload_data of a Snowplow tracker: one object of texts per event."""

    data: list[dict[str, str]]
    schema: str = ""


class MergeRequest(msgspec.Struct, rename="camel"):
    """Two identifiers of one customer, as `ana`, `card:7` or `anonymous:f7`. actor: who says so, for the record."""

    customer: Identifier
    identifier: Identifier
    actor: Identifier | None = None


class SplitRequest(msgspec.Struct, rename="camel"):
    """An identifier that is not its customer's. actor: who says so, for the record."""

    identifier: Identifier
    actor: Identifier | None = None
