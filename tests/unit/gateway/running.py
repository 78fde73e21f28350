"""A gateway on a free port of this machine, with the world outside held in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import msgspec
from pydantic import SecretStr

from gateway.app import Ports, build
from gateway.process import Server, server_config
from gateway.settings import GatewaySettings
from recommender.model import Model
from recommender.serving import Serving, Tried
from recommender.warm_up import compile_all
from retail.reference import Reference
from retail.rejects import Rejected, decode_rejected
from streams.state import Commit
from streams.state.memory import MemoryState
from streams.topics import REJECTED
from streams.topics.partitions import partition_of
from streams.topics.publisher import PublishFailed, Record
from tests.shop import shop

KEYS = {"site": "site-key", "app": "app-key", "store": "store-key", "admin": "admin-key"}

SETTINGS = GatewaySettings(
    port=0,
    site_keys=SecretStr(KEYS["site"]),
    app_keys=SecretStr(KEYS["app"]),
    store_keys=SecretStr(KEYS["store"]),
    admin_keys=SecretStr(KEYS["admin"]),
    accept_deadline=0.2,
    body_deadline=0.3,
)


@dataclass
class Kafka:
    """What was written. down: while True nothing is acknowledged."""

    records: list[Record] = field(default_factory=list)
    down: bool = False

    async def publish(self, records: Sequence[Record], timeout: float) -> None:
        await self.ping(timeout)
        self.records += records

    async def ping(self, timeout: float) -> None:
        if self.down:
            raise PublishFailed("no broker")

    def events(self, topic: str) -> list[dict[str, object]]:
        return [msgspec.json.decode(r.value or b"") for r in self.records if r.topic == topic]

    def rejects(self) -> list[Rejected]:
        return [decode_rejected(r.value or b"") for r in self.records if r.topic == REJECTED.name]


@dataclass
class Shelf:
    current: Model = field(default_factory=Model.empty)
    tried: Tried | None = None

    @property
    def serving(self) -> Serving:
        return Serving(self.current, self.tried)


@dataclass
class Running:
    """A gateway that answers, and the world it talks to."""

    client: httpx2.AsyncClient
    kafka: Kafka
    state: MemoryState
    reference: Reference
    shelf: Shelf
    server: Server

    async def get(self, path: str, key: str = "app", **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers={**bearer(key), **headers})

    async def post(self, path: str, body: object, key: str = "site", **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.client.post(path, content=content, headers={**bearer(key), **headers})

    def sweep(self) -> None:
        """As if nothing had ever been asked; but what was derived from the shop of before must not pass for new."""
        counted = {name: getattr(self.reference, name) for name in ("revision", "item_changes", "rule_changes")}
        for thing, new in (
            (self.kafka, Kafka()),
            (self.state, MemoryState()),
            (self.reference, shop()),
            (self.shelf, Shelf()),
        ):
            vars(thing).update(vars(new))
        for name, count in counted.items():
            setattr(self.reference, name, count + len(self.reference.items) + 1)

    async def know(self, customer: str, blob: bytes) -> None:
        """blob: the customer's state, as stored."""
        partition = partition_of(customer, SETTINGS.customer_partitions)
        ledger = await self.state.ledger(partition)
        commit = Commit(partition, ledger.next, ledger.next + 1, {}, {customer: blob}, {})
        assert (await self.state.commit([commit]))[0].applied

    @property
    def address(self) -> tuple[str, int]:
        url = self.client.base_url
        return url.host, url.port or 0


def bearer(key: str) -> dict[str, str]:
    """key: a scope, another text as it is, "" for no key at all."""
    return {"authorization": f"Bearer {KEYS.get(key, key)}"} if key else {}


@asynccontextmanager
async def running(settings: GatewaySettings = SETTINGS) -> AsyncIterator[Running]:
    kafka, state, reference, shelf = Kafka(), MemoryState(), shop(), Shelf()
    # As a gateway does at its start: on a fresh machine the kernels are compiled here, for some seconds.
    await asyncio.to_thread(compile_all, shelf.current)
    ports = Ports(kafka, state, shelf, reference, asyncio.Event())
    server = Server(server_config(settings, build(settings, ports)), ports.closing)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.002)
    address = "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
    try:
        async with httpx2.AsyncClient(base_url=address, trust_env=False, timeout=5.0) as client:
            yield Running(client, kafka, state, reference, shelf, server)
    finally:
        server.stop()
        await serving
