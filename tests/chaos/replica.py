"""A replica that can be kept from hearing of anything, and what customers' inboxes hold on it and on its primary."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from caudal.child import ChildFailed
from caudal.embedded import free_port, redis_answers
from retail.customers import decode_state
from retail.pushes import seen_pushes
from streams.state import keys
from streams.topics.partitions import partition_of
from tests.chaos.proxy import CUT, Proxy
from tests.chaos.servers import Machine
from tests.patience import PATIENCE
from tests.real_servers import redis_options

Shown = set[tuple[str, str]]
"""Customers, each with a decision whose push was put before them."""


Message = tuple[bytes, dict[bytes, bytes]]
"""Of a stream: its id and its fields."""


@dataclass
class Replica:
    """link: what the replica hears its primary through."""

    machine: Machine
    link: Proxy

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.machine.port)

    def lag_from_now_on(self) -> None:
        self.link.set(CUT)

    def promote(self) -> None:
        with self.client() as client:
            client.replicaof("NO", "ONE")


@contextmanager
def replica_of(primary: Machine, folder: Path) -> Iterator[Replica]:
    """One that has heard everything so far; its end is its own. Raises ChildFailed."""
    link = Proxy("127.0.0.1", primary.port)
    link.start()
    data, port = folder / "replica", free_port()
    data.mkdir()
    following = ["--replicaof", f"127.0.0.1 {link.port}"]
    command = [primary.command[0], *redis_options(port, data), *following]
    replica = Replica(Machine("replica", port, command, folder, redis_answers), link)
    replica.machine.start()
    try:
        _await_copy(replica)
        yield replica
    except BaseException:
        replica.machine.kill()
        raise
    finally:
        link.stop()


def _await_copy(replica: Replica) -> None:
    until = time.monotonic() + PATIENCE
    with replica.client() as client:
        while client.info("replication").get("master_link_status") != "up":
            if time.monotonic() > until:
                raise ChildFailed(f"the replica does not hear its primary: {client.info('replication')}")
            time.sleep(0.05)


def shown(client: redis.Redis, customers: list[str], partitions: int) -> Shown:
    """What the customers' inboxes hold."""
    found: Shown = set()
    for customer in customers:
        messages: list[Message] = client.xrange(keys.inbox(partition_of(customer, partitions), customer))  # type: ignore[assignment]
        found |= {(customer, fields[b"d"].decode()) for _, fields in messages}
    return found


def counted(client: redis.Redis, customers: list[str], partitions: int) -> Shown:
    """What the customers' states have as seen, so that caps count it."""
    places = [keys.customer(partition_of(customer, partitions), customer) for customer in customers]
    blobs: list[bytes | None] = client.mget(places)  # type: ignore[assignment]
    found: Shown = set()
    for customer, blob in zip(customers, blobs, strict=True):
        found |= {(customer, push.decision) for push in seen_pushes(decode_state(blob))} if blob else set()
    return found
