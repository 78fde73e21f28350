"""Requests in the formats of others (CloudEvents, Measurement Protocol, Snowplow), each opened as a batch of ours."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote

from gateway.envelopes import Batch, Shared
from gateway.errors import Refused
from gateway.keys import Headers
from gateway.parameters import Parameters
from retail.errors import EventRefused
from retail.wire import cloudevents, measurement, snowplow

ATTRIBUTE = b"ce-"
"""How headers of the binary mode begin."""


def open_cloud_events(headers: Headers, body: bytes) -> Batch:
    """In whichever of the three modes. Raises Refused (400, 415)."""
    media = headers.get(b"content-type", b"").split(b";")[0].strip().lower().decode("latin-1")
    try:
        if media == cloudevents.BATCHED:
            return Batch(cloudevents.open_batch(body), Shared(), "", read=_cloud_event)
        if media == cloudevents.STRUCTURED:
            return Batch([body.strip()], Shared(), "", alone=True, read=_cloud_event)
    except EventRefused as fault:
        raise Refused(400, fault.code, f"{fault}.") from None
    attributes = _attributes(headers)
    if not attributes:
        told = f"Content-Type is {cloudevents.STRUCTURED}, {cloudevents.BATCHED}, or the attributes are ce- headers."
        raise Refused(415, "unknown_mode", told)
    return Batch([cloudevents.as_structured(attributes, body)], Shared(), "", alone=True, read=_cloud_event)


def open_measurement(query: bytes, body: bytes) -> Batch:
    """One event that cannot be read fails alone. Raises Refused (400)."""
    try:
        request = measurement.open_measurement(body)
    except EventRefused as fault:
        raise Refused(400, fault.code, f"A request is {{client_id, events: [...]}}; {fault}.") from None
    events = [bytes(event) for event in request.events]
    secret = Parameters(query).text("api_secret")
    return Batch(events, Shared(), secret, read=partial(measurement.measured, request=request))


def open_snowplow(body: bytes) -> Batch:
    """Raises Refused (400) where the body is no payload."""
    try:
        rows = snowplow.open_payload(body)
    except EventRefused as fault:
        raise Refused(400, fault.code, f"A payload is {{schema, data: [...]}}; {fault}.") from None
    return Batch(rows, Shared(), snowplow.application_of(rows[0]) if rows else "", read=snowplow.tracked)


def open_snowplow_query(query: bytes) -> Batch:
    """Raises Refused (400)."""
    try:
        row = snowplow.row_of(query)
    except EventRefused as fault:
        raise Refused(400, fault.code, f"{fault}.") from None
    return Batch([row], Shared(), snowplow.application_of(row), alone=True, read=snowplow.tracked)


def _cloud_event(raw: bytes) -> list[bytes]:
    return [cloudevents.structured(raw)]


def _attributes(headers: Headers) -> Mapping[str, str]:
    """Header values are percent-encoded UTF-8, says the HTTP binding."""
    return {
        name.removeprefix(ATTRIBUTE).decode("latin-1"): unquote(value.decode("latin-1"))
        for name, value in headers.items()
        if name.startswith(ATTRIBUTE)
    }
