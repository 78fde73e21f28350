"""What Kafka tells of the consumer group and the logs; blocks, so ask from a thread."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.incarnations import WATCHED, UnfitTopics, check_partitions, renewed_topics
from streams.settings import Settings
from streams.status import Broker
from streams.topics import ALL, CUSTOMER_EVENTS, SOURCES
from streams.topics.cut import Cut, TopicsAtBroker
from streams.topics.provision import knock
from streams.topics.records import PublishFailed

CONNECT_TIMEOUT = 2.0
"""Seconds for a port to open."""

REQUEST_TIMEOUT_MS = 4000
"""Milliseconds for an answer; an operator waits."""

FIRST_RECORDS = 3.0
"""Seconds in all to find out how old the oldest waiting records are."""

ATTEMPTS, PAUSE = 4, 0.5
"""Questions at most, and seconds between two, while a broker says that it will be able to answer soon."""

T = TypeVar("T")


def look(settings: Settings, known: Mapping[str, str]) -> Broker:
    """known: topic to the incarnation that the state was made from. Raises PublishFailed where it does not answer."""
    servers = settings.broker.split(",")
    faults = [fault for server in servers if (fault := knock(server, CONNECT_TIMEOUT))]
    if len(faults) == len(servers):
        raise PublishFailed(f"cannot reach Kafka at {settings.broker}: {'; '.join(faults)}")
    try:
        with closing(TopicsAtBroker(settings.broker)) as topics:
            cuts = topics.cuts([topic.name for topic in ALL])
        with closing(_admin(servers)) as admin, closing(_consumer(servers)) as consumer:
            described = _told(lambda: admin.describe_groups([settings.group])[settings.group])
            offsets = _told(lambda: admin.list_group_offsets({settings.group: None})[settings.group])
            ends = _told(lambda: consumer.end_offsets(_places(cuts)))
    except (KafkaError, OSError) as fault:
        raise PublishFailed(f"Kafka at {settings.broker} does not answer: {fault!r}") from fault
    return Broker(
        owners=owners_of(described["members"]) if described else None,
        ends=_by_number(ends),
        committed=_by_number(offsets and {place: found.offset for place, found in offsets.items()}),
        group=described["group_state"] if described else None,
        members=len(described["members"]) if described else None,
        undone=undone_of(ends, offsets and {place: found.offset for place, found in offsets.items()}),
        troubles=tuple(_troubles(settings, cuts, known)),
    )


def waiting(settings: Settings, offsets: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], float]:
    """How many seconds the first record at or after the offset has been there, by topic and partition; those found in
    time. Raises PublishFailed.
    """
    places = {TopicPartition(*place): offset for place, offset in offsets.items()}
    found: dict[tuple[str, int], float] = {}
    try:
        with closing(_consumer(settings.broker.split(","))) as consumer:
            consumer.assign(list(places))
            for place, offset in places.items():
                consumer.seek(place, offset)
            deadline = time.monotonic() + FIRST_RECORDS
            while len(found) < len(places) and time.monotonic() < deadline:
                for place, records in consumer.poll(timeout_ms=200, max_records=len(places)).items():
                    age = max(0.0, time.time() - records[0].timestamp / 1000)
                    found.setdefault((place.topic, place.partition), age)
                    consumer.pause(place)
    except (KafkaError, OSError) as fault:
        raise PublishFailed(f"Kafka at {settings.broker} does not answer: {fault!r}") from fault
    return found


def undone_of(
    ends: Mapping[TopicPartition, int] | None, committed: Mapping[TopicPartition, int] | None
) -> dict[tuple[str, int], tuple[int, int]]:
    """Of the channel topics. Where one of the two is not told, nothing is."""
    sources = {topic.name for topic in SOURCES}
    if ends is None or committed is None:
        return {}
    return {
        (place.topic, place.partition): (done, end)
        for place, end in ends.items()
        if place.topic in sources and end > (done := committed.get(place, 0))
    }


def owners_of(members: list[dict[str, Any]]) -> dict[int, str]:
    """Who has which partition of `customer-events`, from Kafka's description of a group."""
    owners: dict[int, str] = {}
    for member in members:
        assignment = member.get("member_assignment")
        if not isinstance(assignment, dict):
            continue
        for topic in assignment["assigned_partitions"]:
            if topic["topic"] == CUSTOMER_EVENTS.name:
                owner = f"{member['client_id']} {member['client_host'].lstrip('/')}"
                owners.update(dict.fromkeys(topic["partitions"], owner))
    return owners


def _troubles(settings: Settings, cuts: Mapping[str, Cut], known: Mapping[str, str]) -> list[str]:
    missing = [topic.name for topic in ALL if topic.name not in cuts]
    troubles = [f"no topic {', '.join(missing)}: run `caudal topics create`"] if missing else []
    for topic in WATCHED:
        if topic.name in cuts:
            try:
                check_partitions(topic, cuts[topic.name], settings)
            except UnfitTopics as unfit:
                troubles.append(str(unfit))
    if renewed := renewed_topics(known, _incarnations(cuts)):
        troubles.append(
            f"{', '.join(renewed)}: deleted and created anew since this state was made; workers refuse to start. "
            "`caudal topics accept` goes on with them"
        )
    return troubles


def _incarnations(cuts: Mapping[str, Cut]) -> dict[str, str]:
    watched = {topic.name for topic in WATCHED}
    return {name: cut.id for name, cut in cuts.items() if cut.id and name in watched}


def _told(question: Callable[[], T]) -> T | None:
    """None where this broker does not answer such a question, or not in a way that the client understands."""
    for attempt in range(ATTEMPTS):
        try:
            return question()
        except OSError:
            raise
        except KafkaError as fault:
            # The first who asks for a group has Kafka make the topic that keeps groups.
            if not fault.retriable or attempt == ATTEMPTS - 1:
                return None
        except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError):
            return None
        time.sleep(PAUSE)
    return None


def _by_number(offsets: Mapping[TopicPartition, int] | None) -> dict[int, int] | None:
    if offsets is None:
        return None
    return {place.partition: offset for place, offset in offsets.items() if place.topic == CUSTOMER_EVENTS.name}


def _places(cuts: Mapping[str, Cut]) -> list[TopicPartition]:
    """Those that are there: about others the client would ask for ever."""
    names = [topic.name for topic in WATCHED if topic.name in cuts]
    return [TopicPartition(name, number) for name in names for number in range(cuts[name].partitions)]


def _admin(servers: list[str]) -> KafkaAdminClient:
    return KafkaAdminClient(
        bootstrap_servers=servers,
        client_id="caudal-status",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
    )


def _consumer(servers: list[str]) -> KafkaConsumer:
    """Belongs to no group."""
    return KafkaConsumer(
        bootstrap_servers=servers,
        client_id="caudal-status",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
        consumer_timeout_ms=REQUEST_TIMEOUT_MS,
    )
