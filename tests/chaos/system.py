"""The whole system under test: servers, supervised workers, a supervised gateway; `caudal` is the only way in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from caudal.child import Child
from caudal.embedded import free_port
from caudal.shop import load_shop
from recommender.policy import GatePolicy
from retail.policy import JourneyPolicy
from retail.reference import Reference
from streams.faults import VARIABLE
from streams.microbatch import World
from streams.settings import Settings
from streams.shedding import Slates
from streams.topics.provision import provision
from streams.topics.shop import Shop
from tests.chaos.servers import Servers, prepared_servers
from tests.chaos.supervisor import Supervisor
from tests.chaos.traffic import chaos_shop
from tests.processes import KEYS, Gateway, await_log, gateway_settings, start_gateway, start_worker

GATEWAY = 0
"""The only slot of the supervisor of gateways."""

SLOTS = 4
"""Workers at most: each slot has proxies of its own."""


@dataclass
class System:
    """settings: to reach the servers directly, past all proxies. port: of the gateway, in each of its lives.
    shop: what is loaded."""

    folder: Path
    settings: Settings
    servers: Servers
    workers: Supervisor
    gateways: Supervisor
    port: int
    shop: Shop

    @property
    def gateway(self) -> Gateway:
        """In its present life."""
        return Gateway(f"http://127.0.0.1:{self.port}", KEYS, self.gateways.child(GATEWAY))

    @property
    def world(self) -> World:
        """What decisions depend on, made anew."""
        reference = Reference()
        for item in self.shop.items:
            reference.put_item(item.id, item)
        for store in self.shop.stores:
            reference.put_store(store.id, store)
        for offer in self.shop.offers:
            reference.put_offer(offer.id, offer)
        return World(reference, JourneyPolicy(), GatePolicy())

    def redis(self) -> redis.Redis:
        """Past the proxies, and patient: it may be asked in the middle of a fault."""
        patient = Retry(ConstantBackoff(0.2), 50)
        return redis.Redis.from_url(
            self.settings.redis_url, retry=patient, retry_on_error=[redis.ConnectionError, redis.BusyLoadingError]
        )

    def add_worker(self, faults: str = "") -> int:
        """Its slot. Raises ValueError where all are taken."""
        free = [slot for slot in range(SLOTS) if slot not in self.workers.slots]
        if not free:
            raise ValueError(f"all {SLOTS} slots have a worker")
        self.workers.add(free[0], faults)
        return free[0]

    def await_workers(self) -> None:
        """Until each owns partitions. Raises ChildFailed."""
        for slot in self.workers.slots:
            await_log(self.workers.child(slot), "partitions assigned")


@contextmanager
def started(
    folder: Path, workers: int = 2, faults: str = "", settings: dict[str, object] | None = None
) -> Iterator[System]:
    """The system, ready, with an empty log. faults: CAUDAL_FAULTS of the first life of the first worker.

    settings: other than the defaults; slates are always made, so that they can be checked. Raises ServerMissing,
    ChildFailed.
    """
    servers = prepared_servers(folder, SLOTS)
    chosen, port = _settings(servers, folder, settings or {}), free_port()
    supervisor = Supervisor(lambda slot, faults: _worker(chosen, servers, slot, faults, folder))
    gateways = Supervisor(lambda _, faults: _gateway(chosen, port, faults, folder))
    try:
        servers.redis.start()
        servers.kafka.start()
        provision(chosen)
        shop = chaos_shop()
        load_shop(shop, chosen)
        gateways.add(GATEWAY)
        system = System(folder, chosen, servers, supervisor, gateways, port, shop)
        system.gateway.await_ready()
        for number in range(workers):
            system.add_worker("" if number else faults)
        if not faults:
            system.await_workers()
        yield system
    finally:
        gateways.stop()
        supervisor.stop()
        servers.stop()


def _settings(servers: Servers, folder: Path, more: dict[str, object]) -> Settings:
    return Settings(
        broker=f"127.0.0.1:{servers.kafka.port}",
        redis_url=f"redis://127.0.0.1:{servers.redis.port}/0",
        models=folder / "models",
        group="chaos",
        **{"slates": Slates.ALWAYS, **servers.needed_settings, **more},  # type: ignore[arg-type]
    )


def _gateway(settings: Settings, port: int, faults: str, folder: Path) -> Child:
    return start_gateway(gateway_settings(settings, {"port": port}), folder, faults=faults)


def _worker(settings: Settings, servers: Servers, slot: int, faults: str, folder: Path) -> Child:
    behind = settings.model_copy(
        update={
            "broker": f"127.0.0.1:{servers.kafka_proxies[slot].port}",
            "redis_url": f"redis://127.0.0.1:{servers.redis_proxies[slot].port}/0",
        }
    )
    return start_worker(behind, folder, f"worker-{slot}", {VARIABLE: faults})
