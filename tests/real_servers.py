"""Apache Kafka and redis-server without Docker, for a while: `python -m tests.real_servers -- make live`.

Kafka's jars come from Maven Central once (`deploy/kafka/pom.xml`) and stay under ~/.cache/caudal/kafka. Both servers
run on free loopback ports with their data in a temporary folder, and end with the command, whatever ends it.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from time import monotonic
from uuid import uuid4
from xml.etree import ElementTree

from caudal.child import Child
from caudal.embedded import broker_answers, free_port, redis_answers
from tests.patience import PATIENCE

POM = Path(__file__).parents[1] / "deploy" / "kafka" / "pom.xml"

STOP_TIMEOUT = 15.0
"""Seconds for a clean shutdown before the server is killed."""

HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Enough for a test broker: it starts quickly and leaves the cores to the tests."""


class ServerMissing(Exception):
    """A program that a real server needs is not installed."""


def kafka_version() -> str:
    """The version the pom names: the only place where it stands."""
    dependencies = ElementTree.parse(POM).getroot().iterfind("{*}dependencies/{*}dependency")
    return next(d.findtext("{*}version", "") for d in dependencies if d.findtext("{*}groupId") == "org.apache.kafka")


def kafka_jars() -> Path:
    """The folder with Kafka's jars, fetched when absent. Raises ServerMissing."""
    jars = Path.home() / ".cache" / "caudal" / "kafka" / kafka_version()
    if any(jars.glob("kafka_2.13-*.jar")):
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    fetched = Path(mkdtemp(dir=jars.parent, prefix="fetching-"))
    copying = ["dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
    subprocess.run([_program("mvn", "maven"), "-q", "-B", "-f", str(POM), *copying], check=True)
    shutil.rmtree(jars, ignore_errors=True)
    fetched.rename(jars)
    return jars


@contextmanager
def apache_kafka(folder: Path) -> Iterator[str]:
    """One combined broker and controller; its address, host:port. Raises ServerMissing, ChildFailed."""
    port = free_port()
    command = prepared_kafka(folder, port)
    broker = Child.start("Apache Kafka", command, folder / "kafka.log")
    try:
        broker.wait_ready(lambda: broker_answers(port), PATIENCE)
        yield f"127.0.0.1:{port}"
    finally:
        broker.stop(STOP_TIMEOUT)


def prepared_kafka(folder: Path, port: int, behind: Mapping[int, int] | None = None) -> list[str]:
    """Formats the data folder; the command that starts the broker, now and again with the same data.

    behind: more ports to listen on, each with the port of the proxy in front of it, which clients are sent to.
    Raises ServerMissing.
    """
    java = [_program("java", "default-jre-headless"), *HEAP, "-cp", f"{kafka_jars()}/*"]
    properties = folder / "server.properties"
    properties.write_text(_properties({"PLAINTEXT": (port, port), **_named(behind or {})}, free_port(), folder))
    formatting = ["kafka.tools.StorageTool", "format", "--standalone", "-t", str(uuid4()), "-c", str(properties)]
    subprocess.run([*java, *formatting], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return [*java, "kafka.Kafka", str(properties)]


def _named(behind: Mapping[int, int]) -> dict[str, tuple[int, int]]:
    return {f"PROXIED{port}": (port, proxy) for port, proxy in behind.items()}


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis that writes its log as production does; its URL. Raises ServerMissing, ChildFailed."""
    port = free_port()
    command = [_program("redis-server", "redis-server"), *redis_options(port, folder)]
    server = Child.start("redis-server", command, folder / "redis.log")
    try:
        server.wait_ready(lambda: redis_answers(port), PATIENCE)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop(STOP_TIMEOUT)


def redis_options(port: int, folder: Path) -> list[str]:
    """Data and log of writes in the folder, nothing evicted."""
    where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    return [*where, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ServerMissing(f"`{name}` is not installed: apt install {package}, or name running servers instead")
    return found


def _properties(listeners: Mapping[str, tuple[int, int]], controller: int, folder: Path) -> str:
    """listeners: by name, the port to listen on and the one to tell clients."""
    listening = [f"{name}://127.0.0.1:{port}" for name, (port, _) in listeners.items()]
    replicas = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*listening, f"CONTROLLER://127.0.0.1:{controller}"]),
        "advertised.listeners": ",".join(f"{name}://127.0.0.1:{told}" for name, (_, told) in listeners.items()),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in [*listeners, "CONTROLLER"]),
        "log.dirs": str(folder / "kafka-data"),
        "auto.create.topics.enable": "false",
        # A test's first worker should not wait for a second one.
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        # Deleted topics leave the disk soon: every live test deletes and creates them all.
        "file.delete.delay.ms": "1000",
        **{f"{name}.replication.factor": "1" for name in replicas},
        **{f"{name}.min.isr": "1" for name in replicas[1:]},
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def run(command: Sequence[str]) -> int:
    """Runs the command with CAUDAL_TEST_BROKER and CAUDAL_TEST_REDIS naming fresh servers; its exit status."""
    began = monotonic()
    with TemporaryDirectory(prefix="caudal-servers-") as name:
        folder = Path(name)
        with apache_kafka(folder) as broker, redis_server(folder) as redis:
            took = monotonic() - began
            print(f"Apache Kafka {kafka_version()} at {broker}, Redis at {redis}: up in {took:.1f} s", flush=True)
            named = {"CAUDAL_TEST_BROKER": broker, "CAUDAL_TEST_REDIS": redis}
            return subprocess.run(command, env={**os.environ, **named}, check=False).returncode


def main() -> int:
    command = [word for position, word in enumerate(sys.argv[1:]) if (position, word) != (0, "--")]
    if not command:
        print(f"{__doc__}", file=sys.stderr)
        return 2
    # As for Ctrl-C: the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(command)
    except ServerMissing as missing:
        print(missing, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
