"""Beacon sightings as phones and store gateways send them, turned into `Beacon Sighted` events."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from gateway.envelopes import MALFORMED, Batch, Shared, malformed_json
from gateway.errors import Refused
from gateway.requests import PostedSighting
from retail.errors import EventRefused
from retail.stores import beacon_id
from retail.wire.message import Message, derived_id, encode_message


class _Outline(msgspec.Struct, rename="camel"):
    sightings: list[Raw] | UnsetType = UNSET
    write_key: str | None = None


_outline = msgspec.json.Decoder(_Outline)
_sighting = msgspec.json.Decoder(PostedSighting)


def open_sightings(body: bytes) -> Batch:
    """Raises Refused (400) where the body is neither a sighting nor a list `sightings`."""
    try:
        outline = _outline.decode(body)
    except msgspec.ValidationError as fault:
        raise Refused(
            400, "wrong_type", f'A sighting is one JSON object, many are {{"sightings": [...]}}: {fault}.'
        ) from None
    except MALFORMED as fault:
        raise malformed_json(fault) from None
    alone = outline.sightings is UNSET
    given = [body.strip()] if outline.sightings is UNSET else [bytes(raw) for raw in outline.sightings]
    return Batch(given, Shared(), outline.write_key or "", alone=alone, read=sighted)


def sighted(raw: bytes) -> list[bytes]:
    """The event of a sighting, as JSON. Raises EventRefused."""
    try:
        sighting = _sighting.decode(raw)
    except msgspec.ValidationError as fault:
        raise EventRefused("wrong_type", str(fault)) from None
    except MALFORMED as fault:
        raise EventRefused("malformed_json", str(fault)) from None
    return [encode_message(_message(sighting, named_beacon(sighting)))]


def named_beacon(sighting: PostedSighting) -> str:
    """`uuid:major:minor`, lower case. Raises EventRefused where the beacon is not named."""
    if sighting.beacon:
        return beacon_id(sighting.beacon)
    if sighting.uuid and sighting.major is not None and sighting.minor is not None:
        return beacon_id(f"{sighting.uuid}:{sighting.major}:{sighting.minor}")
    if sighting.namespace and sighting.instance:
        return beacon_id(f"eddy:{sighting.namespace}:{sighting.instance}")
    raise EventRefused(
        "missing_beacon",
        "name the beacon as `beacon` (uuid:major:minor), by uuid, major and minor, or by namespace and instance",
    )


def _message(sighting: PostedSighting, beacon: str) -> Message:
    properties: dict[str, object] = {"beacon": beacon}
    if sighting.rssi is not None:
        properties["rssi"] = sighting.rssi
    return Message(
        properties=properties,
        type="track",
        event="Beacon Sighted",
        user_id=sighting.user_id,
        anonymous_id=sighting.anonymous_id,
        loyalty_card=sighting.loyalty_card,
        timestamp=sighting.timestamp,
        sent_at=sighting.sent_at,
        message_id=sighting.message_id or _derived(sighting, beacon),
        context=sighting.context,
    )


def _derived(sighting: PostedSighting, beacon: str) -> str | None:
    """An id of what was seen when by whom, so that a gateway's retry is recognised; None where no time is given."""
    if sighting.timestamp is None:
        return None
    who = sighting.user_id or sighting.loyalty_card or sighting.anonymous_id or ""
    return derived_id(who, beacon, str(sighting.timestamp))
