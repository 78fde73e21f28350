"""Loading a shop, its catalogue, stores, offers and merchandising rules, into the topics that every process follows."""

import asyncio

from streams.settings import Settings
from streams.topics.publisher import Publisher, Record
from streams.topics.reference import reference_records
from streams.topics.shop import Shop

PAGE = 5_000
"""Records published at once."""

TIMEOUT = 30.0
"""Seconds for Kafka to acknowledge one page."""


def load_shop(shop: Shop, settings: Settings) -> None:
    """Blocks until Kafka has everything. Raises PublishFailed, RecordTooLarge."""
    asyncio.run(_publish(list(reference_records(shop.items, shop.stores, shop.offers, shop.rules)), settings))


async def _publish(records: list[Record], settings: Settings) -> None:
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    await publisher.start()
    try:
        for first in range(0, len(records), PAGE):
            await publisher.publish(records[first : first + PAGE], timeout=TIMEOUT)
    finally:
        await publisher.stop()
