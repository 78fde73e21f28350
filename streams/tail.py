"""What comes in as it comes, good and bad: accepted events as their customers', rejects with their reasons.

Reads `customer-events` and `events.rejected` without a consumer group: whoever watches disturbs nobody.
"""

from collections.abc import AsyncGenerator
from itertools import chain

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from retail.events import Event, decode_event
from streams.rejects import Filed, filed_of
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, REJECTED
from streams.topics.inflated import BoundedConsumer
from streams.topics.provision import partitions_of
from streams.topics.publisher import PublishFailed

POLL_MS = 200
"""Milliseconds that a look waits for news."""


Told = Event | Filed
"""An event that was accepted, or a reject."""


def customer_of(told: Told) -> str:
    """ "" where a reject names nobody."""
    return told.rejected.key.decode(errors="replace") if isinstance(told, Filed) else told.customer


def is_good(told: Told) -> bool:
    return not isinstance(told, Filed)


async def tail(settings: Settings) -> AsyncGenerator[Told | None, None]:
    """What comes from now on, for ever; the first is None: from then on nothing is missed.

    Raises PublishFailed where Kafka is down or lacks the topics.
    """
    places = [
        TopicPartition(topic.name, number)
        for topic in (CUSTOMER_EVENTS, REJECTED)
        for number in range(partitions_of(topic, settings))
    ]
    consumer = BoundedConsumer(bootstrap_servers=settings.broker, enable_auto_commit=False)
    try:
        await consumer.start()
        missing = {place.topic for place in places} - await consumer.topics()
        if missing:
            raise PublishFailed(f"no topic {', '.join(sorted(missing))}: run `caudal topics create`")
        starts = await consumer.end_offsets(places)
        consumer.assign(places)
        for place, offset in starts.items():
            consumer.seek(place, offset)
        yield None
        while True:
            fetched = await consumer.getmany(timeout_ms=POLL_MS)
            for record in sorted(chain.from_iterable(fetched.values()), key=lambda record: record.timestamp):
                if (told := _told(record)) is not None:
                    yield told
    except KafkaError as fault:
        raise PublishFailed(f"cannot read from Kafka at {settings.broker}: {fault}") from fault
    finally:
        await consumer.stop()


def _told(record: ConsumerRecord[bytes | None, bytes | None]) -> Told | None:
    """None for notes, and for what nobody can read."""
    if record.topic == REJECTED.name:
        return filed_of(record) if record.value else None
    try:
        return decode_event(record.value or b"")
    except msgspec.DecodeError:
        return None
