"""CloudEvents in Kafka records, written as the CloudEvents package writes them, are events of their customer."""

import json
from collections.abc import Mapping

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from faust.types import TP

from retail.events import Event, ProductViewed, decode_event
from retail.rejects import Rejected, decode_rejected
from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.records import Record
from tests.unit.streams.test_rejects import SETTINGS, Arrived, filed, identify

PLACE = TP(WEB.name, 2)


def told(data: dict[str, str] | None = None, **attributes: str) -> CloudEvent:
    given = {"id": "1", "source": "/pos/7", "type": "com.example.product_viewed", "specversion": "1.0", **attributes}
    return CloudEvent({"datacontenttype": "application/json", **given}, data or {"product_id": "mug"})


def arrived(message: KafkaMessage, offset: int = 41) -> Arrived:
    headers: Mapping[str, bytes] = message.headers
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Arrived(offset, message.value, key, tuple(headers.items()))


def outgoing(record: Arrived) -> Record:
    return identify().outgoing(PLACE, record)


def event_of(record: Arrived) -> Event:
    out = outgoing(record)
    assert out.topic == CUSTOMER_EVENTS.name, out.value
    return decode_event(out.value or b"")


def reject_of(record: Arrived) -> Rejected:
    return decode_rejected(outgoing(record).value or b"")


def test_either_mode_is_the_same_event_of_the_customer_that_the_record_is_keyed_by() -> None:
    event = told(partitionkey="ana")
    binary, structured = (event_of(arrived(write(event, JSONFormat()))) for write in (to_binary, to_structured))
    assert binary == structured
    assert isinstance(binary, ProductViewed)
    assert (binary.customer, binary.item, binary.id) == ("ana", "mug", "/pos/7#1")


def test_what_is_refused_keeps_its_attributes_and_can_be_put_back() -> None:
    reject = reject_of(arrived(to_binary(told({"color": "blue"}, partitionkey="ana"), JSONFormat())))
    assert reject.reason == "missing_item"
    mended = json.loads(reject.raw_bytes()) | {"data": {"product_id": "mug"}}
    again = event_of(Arrived(90, json.dumps(mended).encode(), b"ana"))
    assert (again.id, again.customer) == ("/pos/7#1", "ana")
    assert filed("events.web/2/41", reject.raw_bytes()).rejected.raw_bytes() == reject.raw_bytes()


def test_a_message_that_only_mentions_a_version_is_no_cloud_event() -> None:
    message = {"type": "track", "event": "Product Viewed", "messageId": "m", "userId": "ana"}
    raw = json.dumps({**message, "properties": {"product_id": "mug", "specversion": "1.0"}}).encode()
    assert event_of(Arrived(1, raw)).id == "m"


@pytest.mark.parametrize("value", [b"", b"\xff", b"[" * 100_000, b'{"specversion":'])
@pytest.mark.parametrize("headers", [(), (("ce_id", b"\xff"), ("ce_", b""), ("CE_type", b"x"), ("ce_source", None))])
def test_nonsense_is_a_reject(value: bytes, headers: tuple[tuple[str, bytes | None], ...]) -> None:
    assert reject_of(Arrived(1, value, None, headers)).reason not in ("", "internal_fault")


def test_the_partitions_are_those_of_the_customer() -> None:
    out = outgoing(arrived(to_binary(told(partitionkey="ana"), JSONFormat())))
    assert (out.key, out.partition is not None) == (b"ana", True)
    assert (out.partition or 0) < SETTINGS.customer_partitions
