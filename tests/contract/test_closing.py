"""Closing a Kafka client: a Ctrl-C that comes meanwhile is heard."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from streams.topics.closing import close
from tests.contract.conftest import Broker


async def test_who_is_cancelled_while_closing_a_consumer_is_cancelled(fresh_broker: Broker) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=fresh_broker.address)
    await consumer.start()
    closing = asyncio.create_task(close(consumer))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
