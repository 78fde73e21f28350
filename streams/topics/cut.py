"""How the topics are cut at the broker: which incarnation each is, and into how many partitions."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError

from streams.topics.records import PublishFailed

REQUEST_TIMEOUT_MS = 10_000
"""Milliseconds for the broker to answer."""

CONNECT_TIMEOUT_MS = 2000
"""Milliseconds until a broker that opens no connection counts as away; the client's own thirty seconds, in which it
pauses longer and longer, would keep a worker from noticing that Kafka is back."""

NO_ERROR = 0

NO_ID = "00000000-0000-0000-0000-000000000000"
"""What a broker older than Kafka 2.8 calls every topic."""


@dataclass(frozen=True)
class Cut:
    """id: another one for each incarnation of a topic, "" where the broker has none."""

    id: str
    partitions: int


class TopicsAtBroker:
    """Keeps its connection. Blocks: call it from a thread."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._admin: KafkaAdminClient | None = None

    def cuts(self, topics: Iterable[str]) -> Mapping[str, Cut]:
        """Those of the topics that exist. Raises PublishFailed."""
        try:
            if self._admin is None:
                self._admin = KafkaAdminClient(
                    bootstrap_servers=self._broker.split(","),
                    client_id="caudal-topics",
                    request_timeout_ms=REQUEST_TIMEOUT_MS,
                    bootstrap_timeout_ms=CONNECT_TIMEOUT_MS,
                    reconnect_backoff_max_ms=CONNECT_TIMEOUT_MS,
                )
            described = self._admin.describe_topics(list(topics))
        except KafkaTimeoutError as fault:
            self.close()
            raise PublishFailed(f"Kafka at {self._broker} does not answer: is it up, and the address right?") from fault
        except (KafkaError, OSError) as fault:
            self.close()
            raise PublishFailed(f"Kafka at {self._broker} does not describe its topics: {fault!r}") from fault
        return {
            topic["name"]: Cut(_id(topic.get("topic_id")), len(topic["partitions"]))
            for topic in described
            if topic["error_code"] == NO_ERROR
        }

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None


class Incarnation:
    """Which incarnation one topic is, asked once: who goes on while it changes is stopped by the watch on it."""

    def __init__(self, broker: str, topic: str) -> None:
        self._broker = TopicsAtBroker(broker)
        self._topic = topic
        self._id: str | None = None

    async def id(self) -> str:
        """ "" where the broker has none. Raises PublishFailed."""
        if self._id is None:
            cuts = await asyncio.to_thread(self._broker.cuts, [self._topic])
            self._broker.close()
            if self._topic not in cuts:
                raise PublishFailed(f"no topic {self._topic}: run `caudal topics create`")
            self._id = cuts[self._topic].id
        return self._id


def _id(found: object) -> str:
    return "" if found is None or str(found) == NO_ID else str(found)
