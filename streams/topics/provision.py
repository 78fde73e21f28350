"""Creates the topics, tells what it changed, and refuses a broker whose topics are cut differently."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.settings import Settings
from streams.topics import ALL, CHANNELS, REJECTED, Topic

REQUEST_TIMEOUT_MS = 10_000
"""Milliseconds for the broker to answer an administrative request."""

RECORD_MARGIN = 48_576
"""Bytes above the largest record that a batch of one may take; with the default record it gives Kafka's own limit."""

NO_ERROR = 0
"""The error code of an answer that is none."""


class Outcome(StrEnum):
    CREATED = "created"
    EXISTS = "exists"


@dataclass(frozen=True)
class Provisioned:
    """What became of one topic."""

    topic: str
    partitions: int
    outcome: Outcome


class ProvisionFailed(Exception):
    """The topics are not as the settings want them; the message says what to do."""


def provision(settings: Settings, topics: Iterable[Topic] = ALL) -> list[Provisioned]:
    """Creates what is missing; harmless to repeat, also from several processes at once.

    Raises ProvisionFailed, also where an existing topic has another number of partitions: that number is part
    of every key of the state, so neither side is changed silently.
    """
    admin = _connect(settings.broker)
    try:
        return [_provision(admin, topic, settings) for topic in topics]
    except KafkaError as fault:
        raise ProvisionFailed(f"Kafka at {settings.broker} refused: {fault!r}") from fault
    finally:
        admin.close()


def partitions_of(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic is to have."""
    if topic.partitions:
        return topic.partitions
    return settings.channel_partitions if topic in (*CHANNELS, REJECTED) else settings.customer_partitions


def configuration(topic: Topic) -> dict[str, str]:
    """The topic's settings at the broker: cleanup, retention (milliseconds, -1 for ever), largest record (bytes)."""
    retention = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(retention),
        "max.message.bytes": str(topic.record_bytes + RECORD_MARGIN),
    }


def _connect(broker: str) -> KafkaAdminClient:
    """Knocks first: the client leaves its sockets open where nobody answers, and says less about why."""
    servers = broker.split(",")
    faults = [fault for server in servers if (fault := knock(server))]
    if len(faults) == len(servers):
        raise ProvisionFailed(f"cannot reach Kafka at {broker}: {'; '.join(faults)}")
    try:
        return KafkaAdminClient(
            bootstrap_servers=servers, client_id="caudal-provision", request_timeout_ms=REQUEST_TIMEOUT_MS
        )
    except (KafkaError, OSError) as fault:
        raise ProvisionFailed(f"cannot reach Kafka at {broker}: {fault!r}") from fault


def knock(server: str, timeout: float = REQUEST_TIMEOUT_MS / 1000) -> str:
    """Why nobody opens within `timeout` seconds, or ""."""
    host, _, port = server.strip().rpartition(":")
    if not (host and port.isdigit()):
        return f"{server!r} is not host:port"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout).close()
    except (OSError, OverflowError) as fault:
        return str(fault)
    return ""


def _provision(admin: KafkaAdminClient, topic: Topic, settings: Settings) -> Provisioned:
    wanted = partitions_of(topic, settings)
    existing = _existing(admin, topic.name)
    if existing is None:
        if _create(admin, topic, wanted, settings.replication):
            return Provisioned(topic.name, wanted, Outcome.CREATED)
        existing = _existing(admin, topic.name)
    if existing not in (None, wanted):
        raise ProvisionFailed(
            f"{topic.name} has {existing} partitions, the settings want {wanted}. Set CAUDAL_CHANNEL_PARTITIONS and "
            "CAUDAL_CUSTOMER_PARTITIONS to what is there, or start with a new broker and a new Redis"
        )
    return Provisioned(topic.name, wanted, Outcome.EXISTS)


def _existing(admin: KafkaAdminClient, topic: str) -> int | None:
    """Partitions the topic has; None where there is no such topic."""
    for found in admin.describe_topics([topic]):
        if found["name"] == topic and found["error_code"] == NO_ERROR:
            return len(found["partitions"]) or None
    return None


def _create(admin: KafkaAdminClient, topic: Topic, partitions: int, replication: int) -> bool:
    """False where somebody else was quicker."""
    wanted = {
        topic.name: {
            "num_partitions": partitions,
            "replication_factor": replication,
            "configs": configuration(topic),
        }
    }
    try:
        answer = admin.create_topics(wanted, raise_errors=False)
    except TopicAlreadyExistsError:
        return False
    for created in answer["topics"]:
        if created["error_code"] == TopicAlreadyExistsError.errno:
            return False
        if created["error_code"] != NO_ERROR:
            raise ProvisionFailed(_refusal(topic, created))
    admin.wait_for_topics([topic.name])
    return True


def _refusal(topic: Topic, created: dict[str, object]) -> str:
    code = created["error_code"]
    fault = for_code(code).__name__ if isinstance(code, int) else code
    return f"cannot create {topic.name}: {fault} {created.get('error_message') or ''}".strip()
