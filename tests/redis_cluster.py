"""A Redis Cluster on loopback, made of real servers that can be killed, paused and given other slots.

Valkey from its wheel, which is always there; redis-server where a Redis for tests is named and it is installed.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import redis
from redis.exceptions import RedisError

from caudal.child import Child, ChildFailed
from caudal.embedded import free_port, redis_answers, redis_command
from streams.state.cluster_slots import SLOTS, slot_of
from tests.patience import PATIENCE
from tests.servers import REDIS

NODE_TIMEOUT_MS = 1000
"""Milliseconds after which a silent server is taken for dead, 15 s by default: a failover takes two to four of it."""

ATTEMPTS = 3
"""Starts of one server at most: between finding its two free ports and taking them, somebody else may."""


@dataclass
class Member:
    """One server. id: its name in the cluster."""

    port: int
    child: Child
    id: str = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, command: str, *arguments: str | int | bytes) -> Any:
        """The bare reply of this very server, whatever a client would make of it."""
        connection = redis.Connection(port=self.port, protocol=2)  # type: ignore[no-untyped-call]
        try:
            connection.send_command(command, *arguments)  # type: ignore[no-untyped-call]
            return connection.read_response()
        finally:
            connection.disconnect()  # type: ignore[no-untyped-call]

    def info(self) -> Mapping[str, str]:
        """Of CLUSTER INFO."""
        return dict(line.split(":", 1) for line in self.ask("CLUSTER INFO").decode().split() if ":" in line)

    def replication_offset(self) -> int:
        """Bytes of the stream of writes that it has."""
        told = dict(line.split(":", 1) for line in self.ask("INFO", "replication").decode().split() if ":" in line)
        return int(told["slave_repl_offset" if told["role"] == "slave" else "master_repl_offset"])

    def kill(self) -> None:
        os.killpg(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait()

    def pause(self) -> None:
        os.killpg(self.child.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.child.process.pid, signal.SIGCONT)


@dataclass
class RunningCluster:
    """primaries: each with a third of the slots at first. replicas: one per primary, in the same order, or none."""

    primaries: list[Member]
    replicas: list[Member]

    @property
    def url(self) -> str:
        return f"redis://{','.join(member.address for member in self.members)}/0"

    @property
    def members(self) -> list[Member]:
        return self.primaries + self.replicas

    def owner(self, key: bytes) -> Member:
        """Of the key's slot, by what the servers say of themselves."""
        slot = slot_of(key)
        for member in self.primaries:
            for first, last, (_, port, *_), *_ in member.ask("CLUSTER SLOTS"):
                if first <= slot <= last and port == member.port:
                    return member
        raise AssertionError(f"nobody has slot {slot}")

    def replica_of(self, primary: Member) -> Member:
        return self.replicas[self.primaries.index(primary)]

    def stop_replication(self, primary: Member) -> None:
        """Its replica lives on without what is written from now on."""
        self.replica_of(primary).ask("CONFIG SET", "masterauth", "not the password")
        primary.ask("CLIENT KILL", "TYPE", "replica")

    def begin_move(self, key: bytes, target: Member) -> Member:
        """The key's slot is on its way from its owner, which is returned; no key has been moved yet."""
        source, slot = self.owner(key), slot_of(key)
        target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target.id)
        return source

    def move_keys(self, key: bytes, source: Member, target: Member) -> None:
        keys = source.ask("CLUSTER GETKEYSINSLOT", slot_of(key), 10_000)
        if keys:
            source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)

    def end_move(self, key: bytes, target: Member) -> None:
        for member in [target, *(other for other in self.primaries if other is not target)]:
            member.ask("CLUSTER SETSLOT", slot_of(key), "NODE", target.id)

    def move(self, key: bytes, target: Member) -> None:
        source = self.begin_move(key, target)
        self.move_keys(key, source, target)
        self.end_move(key, target)

    def settle(self) -> None:
        """Until all that live agree that the cluster is whole. Raises AssertionError."""
        _until(lambda: all(self._is_settled(member) for member in self._living()), "the cluster is not whole")

    def flush(self) -> None:
        for member in self.primaries:
            member.ask("FLUSHALL")

    def _living(self) -> list[Member]:
        return [member for member in self.members if member.child.process.poll() is None]

    def _is_settled(self, member: Member) -> bool:
        info = member.info()
        return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == len(self.members)


@contextmanager
def redis_cluster(*, primaries: int = 3, replicas: bool = False) -> Iterator[RunningCluster]:
    """Raises caudal.child.ChildFailed, caudal.embedded.NoEmbeddedServer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="caudal-cluster-")))
        count = primaries * (2 if replicas else 1)
        members = [_start(folder, number, stack) for number in range(count)]
        cluster = RunningCluster(members[:primaries], members[primaries:])
        _join(cluster)
        yield cluster


def _start(folder: Path, number: int, stack: ExitStack) -> Member:
    for attempt in range(1, ATTEMPTS + 1):
        place = folder / f"{number}-{attempt}"
        place.mkdir()
        port = free_port()
        child = Child.start(f"cluster node {number}", _command(port, free_port(), place), place / "node.log")
        stack.callback(_end, child)
        try:
            child.wait_ready(lambda port=port: redis_answers(port), PATIENCE)  # type: ignore[misc]
        except ChildFailed:
            if attempt == ATTEMPTS:
                raise
        else:
            member = Member(port, child)
            member.id = member.ask("CLUSTER MYID").decode()
            return member
    raise AssertionError("unreachable: the last attempt returns or raises")


def _command(port: int, bus: int, folder: Path) -> list[str]:
    clustered = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--repl-diskless-sync-delay", "0"]
    patience = ["--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-replica-validity-factor", "0"]
    embedded = redis_command(port, folder)
    real = shutil.which("redis-server") if REDIS in os.environ else None
    return [real or embedded[0], *embedded[1:], *clustered, *patience]


def _end(child: Child) -> None:
    """Also one that was paused."""
    if child.process.poll() is None:
        os.killpg(child.process.pid, signal.SIGCONT)
    child.stop(1.5)


def _join(cluster: RunningCluster) -> None:
    first = cluster.primaries[0]
    share = -(-SLOTS // len(cluster.primaries))
    for number, member in enumerate(cluster.primaries):
        begin = number * share
        member.ask("CLUSTER ADDSLOTSRANGE", begin, min(begin + share, SLOTS) - 1)
    for epoch, member in enumerate(cluster.members, start=1):
        member.ask("CLUSTER SET-CONFIG-EPOCH", epoch)
    for member in cluster.members[1:]:
        bus = member.ask("CONFIG GET", "cluster-port")[1]
        first.ask("CLUSTER MEET", "127.0.0.1", member.port, bus)
    cluster.settle()
    for primary, replica in zip(cluster.primaries, cluster.replicas, strict=False):
        replica.ask("CLUSTER REPLICATE", primary.id)
    _until(
        lambda: all(b"master_link_status:up" in r.ask("INFO", "replication") for r in cluster.replicas), "no replica"
    )
    cluster.settle()


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = monotonic() + PATIENCE
    while True:
        try:
            if condition():
                return
        except RedisError as fault:
            otherwise = f"{otherwise}: {fault}"
        if monotonic() > deadline:
            raise AssertionError(otherwise)
        sleep(0.05)
