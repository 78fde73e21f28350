"""A system that meets one fault after the other, each with its verdict: starting servers costs more than a fault."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from caudal.child import ChildFailed
from streams.state import keys
from streams.topics import CUSTOMER_EVENTS
from tests.chaos.checker import Verdict, judge
from tests.chaos.driver import Driver, Nuisances, driving
from tests.chaos.journal import Journal
from tests.chaos.log import Ends
from tests.chaos.proxy import Proxy
from tests.chaos.replica import Replica
from tests.chaos.system import System, started
from tests.chaos.traffic import Traffic
from tests.patience import PATIENCE
from tests.processes import Gateway, gateway_process

CUSTOMERS = 150
"""Few, so that each is in the middle of something when the fault strikes."""

RATE = 250.0
"""Events a second: enough that every partition is busy all the time, little enough for a machine that does more."""

ENDLESS = 10_000_000
"""Events; the driver is stopped when the fault is over."""


@dataclass
class Trial:
    """gateway: reads Redis through a proxy of its own; the system's other one does not."""

    system: System
    gateway: Gateway
    redis_proxy: Proxy
    journal: Journal = field(default_factory=Journal)

    @contextmanager
    def under_load(self, nuisances: Nuisances | None = None) -> Iterator[Driver]:
        """Events flow while the block runs, and a moment before it; all are acknowledged when it is left."""
        first = len(self.journal)
        traffic = Traffic(ENDLESS, seed=first + 1, rate=RATE, customers=CUSTOMERS, first=first)
        with driving(self.system, self.journal, traffic, nuisances) as driver:
            time.sleep(2)
            yield driver
            driver.stopped.set()

    def staff(self, workers: int) -> None:
        """So many workers, each with partitions. Raises ChildFailed."""
        while len(self.system.workers.slots) > workers:
            self.system.workers.remove(self.system.workers.slots[-1])
        while len(self.system.workers.slots) < workers:
            self.system.add_worker()
        for slot in self.system.workers.slots:
            self.await_life(slot, "partitions assigned")

    def await_life(self, slot: int, text: str) -> None:
        """Until the present life of a worker has logged the text. Raises ChildFailed."""
        child = self.system.workers.child(slot)
        child.wait_ready(lambda: text in self.system.workers.life(slot), PATIENCE)

    def verdict(self) -> Verdict:
        """Of everything since the trial began; the workers have stopped when it returns."""
        return judge(self.system, self.journal)

    def committed(self) -> dict[tuple[str, int], int]:
        """What the journey has acknowledged to Kafka, by topic and partition; a real broker's alone can be asked."""
        ends = Ends(self.system.settings.broker)
        try:
            found = ends.committed(self.system.settings.group)
        finally:
            ends.close()
        return {place: offset for place, offset in found.items() if place[0] == CUSTOMER_EVENTS.name}

    def ledgers(self) -> list[int]:
        """How far each partition has been applied."""
        with self.system.redis() as client:
            partitions = range(self.system.settings.customer_partitions)
            return [int(client.hget(keys.ledger(number), "next") or 0) for number in partitions]

    def fail_over(self, replica: Replica) -> None:
        """The primary dies, the replica takes its place and its address; the new one ends with the system."""
        servers = self.system.servers
        servers.redis.kill()
        servers.redis = replica.machine
        self.system.settings = self.system.settings.model_copy(
            update={"redis_url": f"redis://127.0.0.1:{replica.machine.port}/0"}
        )
        replica.promote()
        for proxy in (*servers.redis_proxies, self.redis_proxy):
            proxy.target = replica.machine.port

    def customers(self) -> list[str]:
        """Who was sent something, oldest first."""
        return list(dict.fromkeys(sent.customer for sent in list(self.journal.sent)))

    def await_progress(self) -> None:
        """Until every ledger has moved on from where it is now. Raises ChildFailed."""
        before, until = self.ledgers(), time.monotonic() + PATIENCE
        while any(now <= then for now, then in zip(self.ledgers(), before, strict=True)):
            if time.monotonic() > until:
                raise ChildFailed(f"the ledgers do not move on: {before}, and now {self.ledgers()}")
            time.sleep(0.1)


@contextmanager
def trial(folder: Path, settings: Mapping[str, object] | None = None) -> Iterator[Trial]:
    """settings: other than the defaults. Raises ServerMissing, ChildFailed."""
    with started(folder, workers=0, settings=dict(settings or {})) as system:
        proxy = Proxy("127.0.0.1", system.servers.redis.port)
        proxy.start()
        behind = system.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{proxy.port}/0"})
        try:
            with gateway_process(behind, folder, "gateway-behind-a-proxy") as gateway:
                yield Trial(system, gateway, proxy)
        finally:
            proxy.stop()
