"""Are these the topics that the state was made from? Asked at the start and while running; `accept` resolves a no.

Better no worker than one that takes the first records of a new topic for known ones. Nothing is lost by accepting:
everything that the sources retain is read again, and what was applied before is dropped by the marks of the sources
and the ids of the messages.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from streams.patience import patiently
from streams.settings import Settings
from streams.state.incarnations import Incarnations
from streams.state.redis import RedisState
from streams.topics import CUSTOMER_EVENTS, SOURCES, Topic
from streams.topics.cut import Cut, TopicsAtBroker
from streams.topics.members import members
from streams.topics.provision import partitions_of
from streams.topics.records import PublishFailed

WATCHED = (*SOURCES, CUSTOMER_EVENTS)
"""Topics whose offsets the ledgers count."""

LOOK_EVERY = 10.0
"""Seconds between two looks while running."""

log = structlog.get_logger()


class UnfitTopics(Exception):
    """The broker's topics are not those of this state, or are cut differently. The message says what to do."""


@dataclass(frozen=True)
class Topics:
    """What is compared: the broker's topics with those that the state knows."""

    settings: Settings
    broker: TopicsAtBroker
    incarnations: Incarnations

    async def check(self) -> None:
        """Raises UnfitTopics; PublishFailed or StateUnavailable where one of the two cannot be asked yet."""
        cuts = await self._cuts()
        for topic in WATCHED:
            check_partitions(topic, cuts[topic.name], self.settings)
        ids = {name: cut.id for name, cut in cuts.items() if cut.id}
        renewed = renewed_topics(await self.incarnations.known(), ids)
        if renewed:
            raise UnfitTopics(_refusal(renewed))
        await self.incarnations.note(ids)

    async def watch(self) -> None:
        """Returns never; raises UnfitTopics as soon as a topic has become another one."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.check()
            except UnfitTopics:
                raise
            except Exception as fault:  # noqa: BLE001 - who cannot be asked now is asked again in a moment
                log.warning("the topics cannot be compared", fault=type(fault).__name__)

    async def accept(self) -> list[str]:
        """Makes the state begin anew with the topics as they are now; their names. No worker may be running.

        Raises UnfitTopics, PublishFailed, StateUnavailable. May be repeated when it was interrupted.
        """
        cuts = await self._cuts()
        ids = {name: cut.id for name, cut in cuts.items() if cut.id}
        renewed = renewed_topics(await self.incarnations.known(), ids)
        if not renewed:
            return []
        await refuse_members(self.settings)
        await asyncio.to_thread(_rewind, self.settings, cuts)
        for partition in range(self.settings.customer_partitions):
            await self._begin_anew(partition, renewed)
        await self.incarnations.replace(ids)
        return renewed

    async def _begin_anew(self, partition: int, renewed: list[str]) -> None:
        for topic in renewed:
            if topic == CUSTOMER_EVENTS.name:
                await self.incarnations.begin_anew(partition)
            # `customer-events` is a source, too: of the letters that profiles write each other.
            await self.incarnations.forget_marks(partition, topic)

    async def _cuts(self) -> Mapping[str, Cut]:
        cuts = await asyncio.to_thread(self.broker.cuts, [topic.name for topic in WATCHED])
        missing = [topic.name for topic in WATCHED if topic.name not in cuts]
        if missing:
            raise PublishFailed(f"no topic {', '.join(missing)}: run `caudal topics create`")
        return cuts


def renewed_topics(known: Mapping[str, str], ids: Mapping[str, str]) -> list[str]:
    """Topics that are not the incarnation that is known."""
    return sorted(topic for topic, id_ in ids.items() if known.get(topic, id_) != id_)


def check_partitions(topic: Topic, cut: Cut, settings: Settings) -> None:
    """Raises UnfitTopics."""
    wanted = partitions_of(topic, settings)
    if cut.partitions != wanted:
        raise UnfitTopics(
            f"{topic.name} has {cut.partitions} partitions, the settings want {wanted}: the number is part of every "
            "key of the state. Set CAUDAL_CHANNEL_PARTITIONS and CAUDAL_CUSTOMER_PARTITIONS to what is there"
        )


def _refusal(renewed: list[str]) -> str:
    return (
        f"{', '.join(renewed)}: deleted and created anew since this state was made. Offsets count from 0 again, and "
        "the ledgers would take new events for known ones. If this is the right Kafka and the right Redis, stop all "
        "workers and run `caudal topics accept`: everything that the topics retain is then read again, once"
    )


async def refuse_members(settings: Settings) -> None:
    """Raises UnfitTopics while workers run; waits for a Kafka that is down."""
    running = await patiently("kafka", members, settings.broker, settings.group)
    if running:
        raise UnfitTopics(
            f"{running} workers of group {settings.group} are running: stop them first. One that was killed is "
            f"forgotten after {settings.session_timeout:.0f} s"
        )


def _rewind(settings: Settings, cuts: Mapping[str, Cut]) -> None:
    """The group begins every watched topic at its beginning again. Raises PublishFailed.

    A consumer that is assigned its partitions may commit for a group as long as nobody is in it.
    """
    consumer = None
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.broker.split(","), group_id=settings.group, enable_auto_commit=False
        )
        places = [TopicPartition(name, number) for name, cut in cuts.items() for number in range(cut.partitions)]
        consumer.assign(places)
        beginnings = consumer.beginning_offsets(places)
        consumer.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in beginnings.items()})
    except (KafkaError, OSError) as fault:
        raise PublishFailed(f"Kafka at {settings.broker} does not rewind group {settings.group}: {fault!r}") from fault
    finally:
        if consumer is not None:
            consumer.close(autocommit=False)


def accept_topics(settings: Settings) -> list[str]:
    """`caudal topics accept`: the topics that were accepted. Raises UnfitTopics, PublishFailed, StateUnavailable."""
    return asyncio.run(_accept(settings))


async def _accept(settings: Settings) -> list[str]:
    state, broker = RedisState.from_settings(settings), TopicsAtBroker(settings.broker)
    try:
        return await Topics(settings, broker, Incarnations(state.calls)).accept()
    finally:
        broker.close()
        await state.close()
