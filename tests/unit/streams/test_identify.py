"""What may come from outside: everything that a sender can tell, and nothing that only we can know."""

import json

import pytest

from retail.errors import EventRefused
from retail.events import DeliveryReported, DeliveryStatus, Tracked, encode_event
from streams.identify import read_source
from streams.topics import DELIVERIES, SOURCES
from tests.shop import NOON, common, timer

CHANNELS = [topic.name for topic in SOURCES if topic is not DELIVERIES]


@pytest.mark.parametrize("topic", CHANNELS)
def test_a_timer_from_outside_is_refused(topic: str) -> None:
    sent = {"type": "track", "messageId": "m", "userId": "ana", "event": "Timer Fired", "channel": "service"}

    event, _ = read_source(topic, json.dumps(sent).encode(), NOON)

    assert isinstance(event, Tracked)
    with pytest.raises(EventRefused):
        read_source(topic, encode_event(timer()), NOON)
    with pytest.raises(EventRefused, match="owner of the customer's partition"):
        read_source(DELIVERIES.name, encode_event(timer()), NOON)


def test_a_report_of_a_delivery_is_read_as_it_is() -> None:
    report = DeliveryReported(decision="d", offer="o", status=DeliveryStatus.OPENED, **common())
    assert read_source(DELIVERIES.name, encode_event(report), NOON) == (report, ())
