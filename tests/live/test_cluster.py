"""The worker on a Redis Cluster: whoever dies, a worker or a server of the cluster, everything is applied once."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from retail.customers import CustomerState, decode_state
from streams.settings import Settings
from streams.state import keys
from streams.topics.partitions import partition_of
from tests.live.journal import Journal, Ledger, check, shopping
from tests.patience import PATIENCE
from tests.processes import Gateway, gateway_process, worker_process
from tests.redis_cluster import Member, RunningCluster, redis_cluster
from tests.servers import BROKER, Servers, clean_broker, provisioned_settings

pytestmark = pytest.mark.live

NO_FAILOVER_MS = 600_000
"""Milliseconds that the servers of a cluster wait for a silent one: longer than any test stops it."""


@pytest.fixture
def cluster() -> Iterator[RunningCluster]:
    """Three primaries with a replica each."""
    with redis_cluster(replicas=True) as running:
        yield running


@pytest.fixture
def settings(cluster: RunningCluster, tmp_path: Path) -> Iterator[Settings]:
    with clean_broker() as broker:
        yield provisioned_settings(Servers(broker, cluster.url, embedded=BROKER not in os.environ), tmp_path)


class ClusterLedger(Ledger):
    """What the cluster holds at the end, by another client than the worker's; nothing while it cannot tell."""

    def states(self, customers: Iterator[str]) -> dict[str, CustomerState]:
        seeds = [seed.split(":") for seed in self.settings.redis_url.split("/")[2].split(",")]
        nodes = [redis.cluster.ClusterNode(host, int(port)) for host, port in seeds]  # type: ignore[no-untyped-call]
        try:
            with redis.RedisCluster(startup_nodes=nodes) as client:
                blobs = {c: client.get(keys.customer(self._partition(c), c)) for c in customers}
        except redis.RedisError:
            return {}
        return {customer: decode_state(blob) for customer, blob in blobs.items() if blob}


@dataclass(frozen=True)
class Homes:
    """Which server keeps which partition; asked before one of them is stopped."""

    settings: Settings
    owners: Mapping[int, Member]

    @classmethod
    def of(cls, cluster: RunningCluster, settings: Settings) -> "Homes":
        return cls(settings, {n: cluster.owner(keys.ledger(n)) for n in range(settings.customer_partitions)})

    def away_from(self, member: Member, journal: Journal) -> set[str]:
        """Customers whom another server keeps."""
        return {customer for customer in journal.sent if self.owners[self._partition(customer)] is not member}

    def applied(self, customer: str) -> int:
        """Events applied to the customer, as their server tells."""
        partition = self._partition(customer)
        blob = self.owners[partition].ask("GET", keys.customer(partition, customer))
        return decode_state(blob).version if blob else 0

    def wait(self, customers: set[str], journal: Journal) -> bool:
        """Whether all that was sent of these customers is applied, before the patience runs out."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if all(self.applied(customer) == len(journal.sent[customer]) for customer in customers):
                return True
            time.sleep(0.1)
        return False

    def _partition(self, customer: str) -> int:
        return partition_of(customer, self.settings.customer_partitions)


def spread(cluster: RunningCluster, settings: Settings) -> set[str]:
    """Who has a partition."""
    return {cluster.owner(keys.ledger(number)).address for number in range(settings.customer_partitions)}


def first_primary(cluster: RunningCluster, settings: Settings) -> Member:
    """The primary of the first partition."""
    assert len(spread(cluster, settings)) == len(cluster.primaries)
    return cluster.owner(keys.ledger(0))


def test_killing_a_worker_on_a_cluster_loses_and_doubles_nothing(
    cluster: RunningCluster, settings: Settings, tmp_path: Path
) -> None:
    assert len(spread(cluster, settings)) == len(cluster.primaries), "every server has a part in it"
    journal = Journal(settings)
    with worker_process(settings, tmp_path, "first") as first, worker_process(settings, tmp_path, "second"):
        journal.send(shopping(2_000), pause=0.0005)
        os.killpg(first.process.pid, signal.SIGKILL)
        journal.send(shopping(2_000, start=2_000, seed=2), pause=0.0005)
        check(journal, ClusterLedger(settings).wait(journal))


def test_a_primary_that_dies_under_load_is_replaced_and_what_its_replica_lacked_is_done_again(
    cluster: RunningCluster, settings: Settings, tmp_path: Path
) -> None:
    journal = Journal(settings)
    with worker_process(settings, tmp_path) as worker, gateway_process(settings, tmp_path) as gateway:
        journal.send(shopping(1_000), pause=0.0005)
        check(journal, ClusterLedger(settings).wait(journal))
        primary = first_primary(cluster, settings)
        replica = cluster.replica_of(primary)
        cluster.stop_replication(primary)
        journal.send(shopping(1_000, start=1_000, seed=2), pause=0.0005)
        check(journal, ClusterLedger(settings).wait(journal))
        assert replica.replication_offset() < primary.replication_offset(), "it lacks what was applied meanwhile"
        primary.kill()
        journal.send(shopping(1_000, start=2_000, seed=3), pause=0.0005)
        check(journal, ClusterLedger(settings).wait(journal))
        worker.check()
        slates = {customer: _fresh(gateway, customer) for customer in journal.sent}
    assert set(slates.values()) == {True}


def test_while_one_server_hangs_the_customers_of_the_others_are_served_and_then_all_is_applied_once(
    cluster: RunningCluster, settings: Settings, tmp_path: Path
) -> None:
    for member in cluster.members:
        member.ask("CONFIG SET", "cluster-node-timeout", NO_FAILOVER_MS)
    journal, homes = Journal(settings), Homes.of(cluster, settings)
    stopped = first_primary(cluster, settings)
    with worker_process(settings, tmp_path) as worker:
        journal.send(shopping(1_000), pause=0.0005)
        check(journal, ClusterLedger(settings).wait(journal))
        stopped.pause()
        try:
            for n in (1, 2, 3):
                journal.send(shopping(1_000, start=1_000 * n, seed=n + 1), pause=0.0005)
                assert homes.wait(homes.away_from(stopped, journal), journal), "they wait for a server they do not need"
        finally:
            stopped.resume()
        assert len(homes.away_from(stopped, journal)) < len(journal.sent), "somebody had to wait for it"
        check(journal, ClusterLedger(settings).wait(journal))
        worker.check()


def _fresh(gateway: Gateway, customer: str) -> bool:
    """Whether the gateway reads the state, after one answer without it: that is how it hears of the failover."""
    answers = (gateway.get(f"/v1/recommendations?customer={customer}", "site") for _ in range(50))
    return any(answer.status == 200 and answer.body["fallback"] != "state_unavailable" for answer in answers)
