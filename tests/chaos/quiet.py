"""Waits until nothing moves any more: all that was sent went all the way, and the workers have stopped."""

import time
from dataclasses import dataclass
from typing import NamedTuple

import redis
from kafka.errors import KafkaError

from streams.state import keys
from streams.topics import CUSTOMER_EVENTS, DELIVERIES, JOURNEYS, PROMOTIONS, REJECTED, SOURCES
from tests.chaos.log import Ends
from tests.chaos.system import System
from tests.patience import PATIENCE

TOPICS = tuple(topic.name for topic in (*SOURCES, CUSTOMER_EVENTS, PROMOTIONS, JOURNEYS, REJECTED, DELIVERIES))
READ = tuple(topic.name for topic in (*SOURCES, CUSTOMER_EVENTS, PROMOTIONS))
"""What the workers read, and commit."""

STILL = 3.0
"""Seconds that nothing must have moved."""

ATTEMPTS = 5
"""Times that a timer may fire, or a report come, between the last look and the end of the workers."""

STILL_IN_DOUBT = 15.0
"""Seconds, where the embedded broker's ends say that sources were not identified: it tells too early an end of other
topics, by a whole batch. A worker that joins there needs ten. What is truly missing the checker finds."""


class Standing(NamedTuple):
    """ends, committed: by topic and partition; None where the broker cannot be asked. ledgers: next offset, outbox:
    entries, by partition."""

    ends: dict[tuple[str, int], int]
    committed: dict[tuple[str, int], int] | None
    ledgers: list[int]
    outbox: list[int]

    def behind(self) -> dict[str, int]:
        """What is not done yet: records by topic, entries of the outbox."""
        waits = {} if self.committed is None else self._uncommitted(self.committed)
        for number, ledger in enumerate(self.ledgers):
            left = self.ends[CUSTOMER_EVENTS.name, number] - ledger
            # The embedded broker tells too early an end; of Kafka a ledger beyond the end would be no ledger of it.
            waits[f"ledger/{number}"] = max(0, left) if self.committed is None else left
        waits["outbox"] = sum(self.outbox)
        return {name: number for name, number in waits.items() if number}

    def _uncommitted(self, committed: dict[tuple[str, int], int]) -> dict[str, int]:
        return {
            f"{topic}/{partition}": end - committed.get((topic, partition), 0)
            for (topic, partition), end in self.ends.items()
            if topic in READ
        }

    @property
    def in_doubt(self) -> bool:
        """Where commits cannot be seen: whether sources seem to be more than what became of them, events or rejects."""
        if self.committed is not None:
            return False
        became = self._total(CUSTOMER_EVENTS.name, REJECTED.name)
        return self._total(*(topic.name for topic in SOURCES)) > became

    def _total(self, *topics: str) -> int:
        return sum(end for (topic, _), end in self.ends.items() if topic in topics)


class NeverQuiet(Exception):
    """The system did not come to rest; the message says what was left to do."""


@dataclass
class Look:
    """Asks Kafka and Redis how all stands."""

    system: System

    def __post_init__(self) -> None:
        self.ends = Ends(self.system.settings.broker)
        self.redis = self.system.redis()

    def __call__(self) -> Standing:
        """Raises KafkaError, RedisError."""
        partitions = range(self.system.settings.customer_partitions)
        committed = self.ends.committed(self.system.settings.group) if self.system.servers.real else None
        ledgers = [int(self.redis.hget(keys.ledger(number), "next") or 0) for number in partitions]
        outbox = [int(self.redis.xlen(keys.outbox(number))) for number in partitions]
        return Standing(self.ends.of(TOPICS), committed, ledgers, outbox)

    def close(self) -> None:
        self.ends.close()
        self.redis.close()


def standing_of(system: System) -> Standing:
    """Now. Raises KafkaError, RedisError."""
    look = Look(system)
    try:
        return look()
    finally:
        look.close()


def await_quiet(system: System, patience: float = PATIENCE) -> Standing:
    """How all stands once nothing has moved for STILL seconds. Raises NeverQuiet."""
    look = Look(system)
    deadline = time.monotonic() + patience
    last, since = None, time.monotonic()
    try:
        while True:
            try:
                standing: Standing | None = look()
            except (KafkaError, redis.RedisError, KeyError):
                standing = None
            if standing is None or standing.behind() or standing != last:
                last, since = standing, time.monotonic()
            elif time.monotonic() - since > (STILL_IN_DOUBT if standing.in_doubt else STILL):
                return standing
            if time.monotonic() > deadline:
                raise NeverQuiet(f"after {patience:.0f} s there is left to do: {last and last.behind()}")
            time.sleep(0.3)
    finally:
        look.close()


def settle(system: System) -> Standing:
    """Quiet, and the workers stopped, so that what is read of logs and of Redis belongs together. Raises NeverQuiet."""
    standing = await_quiet(system)
    for _ in range(ATTEMPTS):
        system.workers.stop()
        standing = standing_of(system)
        if not standing.behind():
            return standing
        system.add_worker()
        await_quiet(system)
    raise NeverQuiet(f"work comes up again and again: {standing.behind()}")
