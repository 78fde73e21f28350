"""Records as the client has read them, without an object of its own around each: that cost more than reading them.

What the client does with batches of transactions, marks, checksums and places stays as it is.
"""

from functools import partial
from itertools import islice
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, FetchResult

from streams.topics.records import Headers


class Received(Protocol):
    """What is used of a Kafka record. timestamp: milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def headers(self) -> Headers: ...


Records = list[Received]


class BareResults(dict[TopicPartition, Any]):
    """Takes the place of a fetcher's `_records`: what was fetched of each partition and is not taken yet."""

    @classmethod
    def install(cls, fetcher: Fetcher) -> None:
        """Before the first fetch."""
        fetcher._records = cls()  # noqa: SLF001 - aiokafka has no other place to make less of a record

    def __setitem__(self, place: TopicPartition, found: Any) -> None:
        if type(found) is FetchResult:
            found._partition_records._consumer_record = _as_it_is  # noqa: SLF001
            found.getall = partial(_taken, found)
        super().__setitem__(place, found)


def _as_it_is(_place: TopicPartition, record: Received) -> Received:
    return record


def _taken(found: Any, most: int | None = None) -> list[Received]:
    """As the client's own `getall`, without a step of Python a record."""
    if not found.check_assignment(found._topic_partition) or not found.has_more():  # noqa: SLF001
        return []
    records = list(islice(found._partition_records._records_iterator, most))  # noqa: SLF001
    found._update_position()  # noqa: SLF001
    if most is None or len(records) < most:
        found._partition_records = None  # noqa: SLF001
    return records
