"""The servers and processes of a benchmark: embedded ones, unless CAUDAL_BROKER and CAUDAL_REDIS_URL name others."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis

from benchmarks.workload import Shape, events
from caudal.child import Child
from caudal.embedded import EMBEDDED_BROKER, embedded_broker, embedded_redis
from retail.events import OrderCompleted
from streams.settings import Settings
from streams.topics.provision import provision

STOP_TIMEOUT = 15.0
"""Seconds a process may take to stop."""


@dataclass(frozen=True)
class Process:
    """A process under measurement."""

    child: Child

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.child.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Bench:
    """Servers, settings that point to them, and a folder for models and logs."""

    settings: Settings
    redis: Redis
    folder: Path

    @property
    def broker(self) -> str:
        return self.settings.broker

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to find the servers. more: further settings, by lower-case name."""
        own = {
            "CAUDAL_BROKER": self.settings.broker,
            "CAUDAL_REDIS_URL": self.settings.redis_url,
            "CAUDAL_MODELS": str(self.settings.models),
            "CAUDAL_IDEMPOTENT_PRODUCER": str(self.settings.idempotent_producer),
            "CAUDAL_FETCH_WAIT_MS": str(self.settings.fetch_wait_ms),
            "CAUDAL_CHANNEL_PARTITIONS": str(self.settings.channel_partitions),
            "CAUDAL_CUSTOMER_PARTITIONS": str(self.settings.customer_partitions),
        }
        return {**os.environ, **own, **{f"CAUDAL_{name.upper()}": value for name, value in more.items()}}

    @contextmanager
    def process(self, command: str, *arguments: str, **settings: str) -> Iterator[Process]:
        """`caudal COMMAND` with further settings, stopped at the end."""
        log = self.folder / f"{command}-{time.monotonic_ns()}.log"
        line = [sys.executable, "-m", "caudal", command, *arguments]
        child = Child.start(command, line, log, self.environment(**settings))
        try:
            yield Process(child)
            child.check()
        finally:
            child.stop(STOP_TIMEOUT)


@contextmanager
def bench_system(partitions: int | None = None) -> Iterator[Bench]:
    """Topics made, nothing else running. partitions: of each topic of events, where not the settings' own; a broker
    that outlives the benchmark keeps them, so that one must be new. Raises SystemExit where it is not."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="caudal-bench-")))
        broker, redis_url = os.environ.get("CAUDAL_BROKER"), os.environ.get("CAUDAL_REDIS_URL")
        settings = Settings(
            broker=broker or stack.enter_context(embedded_broker(folder)).address,
            redis_url=redis_url or stack.enter_context(embedded_redis(folder)).address,
            models=folder / "models",
            **({} if broker else EMBEDDED_BROKER),
        )
        if partitions:
            settings = settings.model_copy(update={"channel_partitions": partitions, "customer_partitions": partitions})
        redis = Redis.from_url(settings.redis_url)
        stack.callback(redis.close)
        if redis.dbsize():
            raise SystemExit(f"{settings.redis_url} is not empty: a benchmark empties its database, name another one")
        provision(settings)
        yield Bench(settings, redis, folder)


def train_model(bench: Bench, shape: Shape, purchases: int = 60_000) -> None:
    """A model of the generated shop, trained as any shop's would be."""
    table = bench.folder / "purchases.tsv"
    with table.open("w") as out:
        print("customer_id", "basket_id", "item_id", "timestamp", "store_id", sep="\t", file=out)
        for event in events(shape, purchases, until=int(time.time() * 1000)):
            if isinstance(event, OrderCompleted):
                for line in event.lines:
                    print(event.customer, event.order, line.item, event.at // 1000, event.store, sep="\t", file=out)
    command = [sys.executable, "-m", "caudal", "train", str(table)]
    subprocess.run(command, env=bench.environment(), check=True, stdout=subprocess.DEVNULL)
