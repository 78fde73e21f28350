"""Kafka and Redis with their data on disk: each can be killed, paused and started again where it was.

Behind every worker's slot there is a proxy of its own to either server, so that one worker alone can be cut off.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from caudal.child import Child
from caudal.embedded import EMBEDDED_BROKER, broker_answers, broker_command, free_port, redis_answers, redis_command
from tests.chaos.proxy import Proxy
from tests.patience import PATIENCE
from tests.real_servers import kafka_version, prepared_kafka, redis_options

CHOICE = "CAUDAL_CHAOS_SERVERS"
"""Environment variable: real or embedded."""

STOP_TIMEOUT = 20.0
"""Seconds for a clean end."""


@dataclass
class Machine:
    """A server process that comes back with its data. command: the same for every start."""

    name: str
    port: int
    command: Sequence[str]
    folder: Path
    answers: Callable[[int], bool]
    child: Child | None = None

    def start(self) -> None:
        """Returns when it answers. Raises ChildFailed."""
        self.child = Child.start(self.name, self.command, self.folder / f"{self.name}.log")
        self.child.wait_ready(lambda: self.answers(self.port), PATIENCE)

    def kill(self) -> None:
        """As kill -9."""
        self._signal(signal.SIGKILL)
        if self.child is not None:
            self.child.process.wait()

    def stop(self) -> None:
        if self.child is not None:
            self.resume()
            self.child.stop(STOP_TIMEOUT)

    def pause(self) -> None:
        """Returns when every thread of it stands still."""
        self._signal(signal.SIGSTOP)
        if self.child is not None:
            os.waitpid(self.child.process.pid, os.WUNTRACED)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.child is not None and self.child.process.poll() is None:
            os.killpg(self.child.process.pid, number)


@dataclass
class Servers:
    """real: Apache Kafka and redis-server. redis_proxies, kafka_proxies: by the slot of a worker."""

    real: bool
    kafka: Machine
    redis: Machine
    redis_proxies: list[Proxy] = field(default_factory=list)
    kafka_proxies: list[Proxy] = field(default_factory=list)

    @property
    def versions(self) -> str:
        if not self.real:
            return "the embedded broker and Valkey"
        told = subprocess.run([self.redis.command[0], "--version"], capture_output=True, text=True, check=True).stdout
        version = next(word.removeprefix("v=") for word in told.split() if word.startswith("v="))
        return f"Apache Kafka {kafka_version()}, Redis {version}"

    @property
    def needed_settings(self) -> dict[str, object]:
        return {} if self.real else dict(EMBEDDED_BROKER)

    def stop(self) -> None:
        for machine in (self.kafka, self.redis):
            machine.stop()
        # All slots may share one.
        for proxy in {*self.redis_proxies, *self.kafka_proxies}:
            proxy.stop()


def real_servers_wanted() -> bool:
    """As CAUDAL_CHAOS_SERVERS says; without it where both are there already, Kafka's jars included."""
    choice = os.environ.get(CHOICE)
    if choice:
        return choice == "real"
    jars = Path.home() / ".cache" / "caudal" / "kafka" / kafka_version()
    return bool(shutil.which("java") and shutil.which("redis-server") and any(jars.glob("kafka_2.13-*.jar")))


def prepared_servers(folder: Path, slots: int) -> Servers:
    """Proxies that listen, servers that are not started yet."""
    real = real_servers_wanted()
    redis = _redis(folder, real)
    redis_proxies = _proxies([redis.port] * slots)
    listeners = [free_port() for _ in range(slots if real else 1)]
    kafka_proxies = _proxies(listeners)
    behind = {proxy.target: proxy.port for proxy in kafka_proxies}
    kafka = _kafka(folder, behind) if real else _embedded_kafka(folder, kafka_proxies[0])
    return Servers(real, kafka, redis, redis_proxies, kafka_proxies if real else kafka_proxies * slots)


def _proxies(targets: Sequence[int]) -> list[Proxy]:
    proxies = [Proxy("127.0.0.1", target) for target in targets]
    for proxy in proxies:
        proxy.start()
    return proxies


def _kafka(folder: Path, behind: dict[int, int]) -> Machine:
    port = free_port()
    return Machine("kafka", port, prepared_kafka(folder, port, behind), folder, broker_answers)


def _embedded_kafka(folder: Path, proxy: Proxy) -> Machine:
    """It tells everybody one address: the proxy's, so what is cut is cut for all."""
    listening, told = f"tcp://127.0.0.1:{proxy.target}", f"tcp://127.0.0.1:{proxy.port}"
    command = [told if word == listening else word for word in broker_command(proxy.target, folder)]
    command[command.index("--listener-url") + 1] = listening
    return Machine("kafka", proxy.port, command, folder, broker_answers)


def _redis(folder: Path, real: bool) -> Machine:
    data = folder / "redis"
    data.mkdir()
    port = free_port()
    binary = "redis-server" if real else redis_command(port, folder)[0]
    return Machine("redis", port, [binary, *redis_options(port, data)], folder, redis_answers)
