"""The shop is taken in little by little."""

import asyncio

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from retail.catalog import Item
from retail.reference import Reference
from streams.topics import CATALOG
from streams.topics.follower import SLICE, Follower


def record(number: int) -> ConsumerRecord[bytes | None, bytes | None]:
    key, value = f"i{number}".encode(), msgspec.json.encode(Item(id=f"i{number}"))
    return ConsumerRecord(CATALOG.name, 0, number, 0, 0, key, value, None, len(key), len(value), ())


async def test_while_a_page_of_the_catalogue_is_taken_in_others_are_served() -> None:
    follower, seen = Follower("nowhere:9092", Reference()), list[int]()

    async def other() -> None:
        while len(follower.reference.items) < 5 * SLICE:
            seen.append(len(follower.reference.items))
            await asyncio.sleep(0)

    page = [record(number) for number in range(5 * SLICE)]
    await asyncio.gather(other(), follower._take(TopicPartition(CATALOG.name, 0), page))
    assert {SLICE, 2 * SLICE, 3 * SLICE, 4 * SLICE} <= set(seen)
