"""A gateway that would look for customers where they are not says so, as soon as Kafka tells."""

from collections.abc import Iterable, Mapping

import pytest

from gateway import fitness
from gateway.fitness import UnfitPartitions, verdict
from streams.topics import CUSTOMER_EVENTS
from streams.topics.cut import Cut
from streams.topics.records import PublishFailed


class Kafka:
    """Fails so often, then has no topics so often, then tells."""

    def __init__(self, partitions: int, away: int = 0, empty: int = 0) -> None:
        self.answers: list[Mapping[str, Cut] | None] = [None] * away + [{}] * empty
        self.last = {CUSTOMER_EVENTS.name: Cut("id", partitions)}

    def cuts(self, topics: Iterable[str]) -> Mapping[str, Cut]:
        answer = self.answers.pop(0) if self.answers else self.last
        if answer is None:
            raise PublishFailed("away")
        return answer


async def test_who_counts_as_kafka_does_may_serve() -> None:
    await verdict(Kafka(8), 8)


async def test_who_counts_otherwise_may_not_and_hears_what_to_do() -> None:
    with pytest.raises(UnfitPartitions, match="has 4 partitions, the settings want 8"):
        await verdict(Kafka(4), 8)


async def test_a_kafka_that_is_away_or_empty_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "ASK_EVERY", 0.001)
    with pytest.raises(UnfitPartitions):
        await verdict(Kafka(4, away=2, empty=2), 8)
