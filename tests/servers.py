"""A clean broker and a clean Redis for one test: embedded ones of its own, or those that CAUDAL_TEST_* name.

Topic names are fixed, so a test that shares a real broker gets the topics deleted and created anew, a consumer group
that nobody used before, and a Redis database of its own. The same tests therefore run on both kinds of servers.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import redis
from kafka import KafkaAdminClient

from caudal.embedded import EMBEDDED_BROKER, embedded_broker, embedded_redis
from streams.settings import Settings
from streams.topics import ALL
from streams.topics.provision import provision

BROKER = "CAUDAL_TEST_BROKER"
"""Environment variable: a Kafka for tests, host:port. Its Caudal topics are deleted, again and again."""

REDIS = "CAUDAL_TEST_REDIS"
"""Environment variable: a Redis for tests, as a URL. Caudal's keys in its database DATABASE are deleted."""

DATABASE = 15
"""The database used on a named Redis: the last of the 16 that a Redis has by default, hence rarely somebody's."""

OUR_KEYS = b"{p"
"""How every key of Caudal begins; the state adapters put the partition there."""

GONE_TIMEOUT = 30.0
"""Seconds for deleted topics to disappear from a broker."""


@dataclass(frozen=True)
class Servers:
    """broker: host:port. redis_url: with its database. embedded: started for this test alone."""

    broker: str
    redis_url: str
    embedded: bool


class ServersNotClean(Exception):
    """A named server holds what is not ours, or keeps what we deleted."""


@contextmanager
def clean_servers() -> Iterator[Servers]:
    """Raises ServersNotClean, caudal.child.ChildFailed, caudal.embedded.NoEmbeddedServer."""
    with ExitStack() as stack:
        broker = stack.enter_context(clean_broker())
        url = stack.enter_context(clean_redis())
        yield Servers(broker, url, embedded=BROKER not in os.environ)


@contextmanager
def clean_broker() -> Iterator[str]:
    """The address of a broker without topics of ours."""
    named = os.environ.get(BROKER)
    if named is None:
        with embedded_broker() as server:
            yield server.address
        return
    delete_topics(named)
    yield named


@contextmanager
def clean_redis() -> Iterator[str]:
    """The URL of a Redis without keys of ours."""
    named = os.environ.get(REDIS)
    if named is None:
        with embedded_redis() as server:
            yield server.address
        return
    url = urlunsplit(urlsplit(named)._replace(path=f"/{DATABASE}"))
    delete_keys(url)
    yield url
    delete_keys(url)


def provisioned_settings(servers: Servers, folder: Path) -> Settings:
    """Settings for the processes of one test; the topics are there when it returns."""
    settings = Settings(
        broker=servers.broker,
        redis_url=servers.redis_url,
        models=folder / "models",
        group=f"test-{uuid4().hex[:12]}",
        **(EMBEDDED_BROKER if servers.embedded else {}),
    )
    provision(settings)
    return settings


def delete_topics(broker: str) -> None:
    """Deletes Caudal's topics and waits until they are gone. Raises ServersNotClean."""
    admin = KafkaAdminClient(bootstrap_servers=broker.split(","), client_id="caudal-tests")
    try:
        ours = {topic.name for topic in ALL}
        present = ours & set(admin.list_topics())
        if present:
            admin.delete_topics(sorted(present))
        deadline = monotonic() + GONE_TIMEOUT
        while ours & set(admin.list_topics()):
            if monotonic() > deadline:
                raise ServersNotClean(f"{broker} still lists deleted topics after {GONE_TIMEOUT:.0f} s")
            sleep(0.1)
    finally:
        admin.close()


def delete_keys(url: str) -> None:
    """Deletes Caudal's keys; never anybody else's. Raises ServersNotClean where there are such."""
    with redis.Redis.from_url(url) as client:
        keys: list[bytes] = list(client.scan_iter(count=1000))
        foreign = [key for key in keys if not key.startswith(OUR_KEYS)]
        if foreign:
            raise ServersNotClean(f"{url} holds {len(foreign)} keys that are not Caudal's: name a Redis for tests")
        if keys:
            client.unlink(*keys)
