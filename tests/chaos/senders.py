"""Sends events as the shop's systems do, straight to Kafka or over HTTP, and notes what became of each.

Both send again until they are told that it is stored, in the order of each customer's events.
"""

import http.client
import json
import threading
import time
from base64 import b64encode
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaProducer

from tests.chaos.journal import ACKED, MAYBE, Poison
from tests.chaos.traffic import Sent

KEPT_TRYING_MS = 300_000
"""Milliseconds that a record may wait for Kafka: longer than any fault."""

ANSWER_TIMEOUT = 15.0
"""Seconds for the answer of a gateway; its own deadline for Kafka is shorter."""

AGAIN_AFTER = 0.2
"""Seconds before what was not taken is posted again."""

POST = 20
"""Events of one request at most."""


class KafkaSender:
    """Acknowledged by all replicas, in order."""

    def __init__(self, broker: str, *, idempotent: bool) -> None:
        self._producer = KafkaProducer(
            bootstrap_servers=broker.split(","),
            acks="all",
            enable_idempotence=idempotent,
            max_in_flight_requests_per_connection=1,
            delivery_timeout_ms=KEPT_TRYING_MS,
            max_block_ms=KEPT_TRYING_MS,
            linger_ms=5,
        )

    def send(self, sent: Sent) -> None:
        future = self._produce(sent)
        future.add_callback(self._acked, sent)
        future.add_errback(self._lost, sent)

    def repeat(self, sent: Sent) -> None:
        """The same message once more: a client that did not hear the answer."""
        self._produce(sent)

    def poison(self, topic: str, poison: Poison, stamp: int) -> None:
        future = self._producer.send(topic, key=b"poison", value=poison.raw, timestamp_ms=stamp)
        future.add_callback(self._placed, poison)

    def write(self, topic: str, key: bytes, value: bytes | None) -> None:
        """A record as it is: of the shop, say."""
        self._producer.send(topic, key=key, value=value)

    def close(self) -> None:
        """Returns when all is acknowledged or given up."""
        self._producer.flush(KEPT_TRYING_MS / 1000)
        self._producer.close()

    def _produce(self, sent: Sent) -> Any:
        key = sent.profile.encode()
        return self._producer.send(sent.topic, key=key, value=sent.raw(), timestamp_ms=sent.stamp)

    @staticmethod
    def _acked(sent: Sent, _: object) -> None:
        sent.outcome = ACKED

    @staticmethod
    def _lost(sent: Sent, _: object) -> None:
        sent.outcome = MAYBE

    @staticmethod
    def _placed(poison: Poison, place: Any) -> None:
        poison.source = f"{place.topic}/{place.partition}/{place.offset}"


class HttpRefused(Exception):
    """A gateway refused what is right; the answer is in the message."""


@dataclass
class HttpSender:
    """One line per channel topic: its events in order, never two of one customer in a request, so that a request of
    which only a part was stored can be posted again without disorder.

    attempts: requests by what came of them, HTTP statuses and kinds of lost connections. fault: what ended a line.
    """

    url: str
    key: str
    attempts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fault: BaseException | None = None
    _lines: dict[str, deque[Sent]] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)

    def send(self, sent: Sent) -> None:
        if sent.topic not in self._lines:
            self._lines[sent.topic] = deque()
            thread = threading.Thread(target=self._post_all, args=(sent.topic,), daemon=True)
            self._threads.append(thread)
            thread.start()
        self._lines[sent.topic].append(sent)

    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    def close(self) -> None:
        """Returns when all is acknowledged. Raises HttpRefused."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        if self.fault is not None:
            raise self.fault

    def _post_all(self, topic: str) -> None:
        line = self._lines[topic]
        try:
            while line or not self._closing.is_set():
                if line:
                    self._post(topic, _together(line))
                else:
                    time.sleep(0.005)
        except BaseException as fault:
            self.fault = fault
            raise

    def _post(self, topic: str, some: list[Sent]) -> None:
        body = json.dumps({"batch": [sent.body() for sent in some]}).encode()
        while not self._stored(topic, body):
            time.sleep(AGAIN_AFTER)
        for sent in some:
            sent.outcome = ACKED

    def _stored(self, topic: str, body: bytes) -> bool:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_TIMEOUT)
        try:
            connection.request("POST", "/v1/batch", body, self._headers(topic))
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as lost:
            self.attempts[type(lost).__name__] += 1
            return False
        finally:
            connection.close()
        self.attempts[str(answer.status)] += 1
        if 400 <= answer.status < 500 and answer.status != 429:
            raise HttpRefused(f"{answer.status}: {text[:500]!r}")
        return answer.status == 200

    def _headers(self, topic: str) -> dict[str, str]:
        credentials = b64encode(f"{self.key}:".encode()).decode()
        channel = topic.removeprefix("events.")
        return {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
            "X-Caudal-Channel": channel,
        }


def _together(line: deque[Sent]) -> list[Sent]:
    """The next events of as many different customers."""
    some: dict[str, Sent] = {}
    while line and len(some) < POST and line[0].customer not in some:
        sent = line.popleft()
        some[sent.customer] = sent
    return list(some.values())
