"""Every process follows the shop live, whatever is on the topics and however often the broker goes away."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from caudal.child import Child
from caudal.embedded import broker_command, free_port
from retail.catalog import Item
from retail.offers import Benefit, BenefitKind, Offer
from retail.reference import Reference
from retail.stores import Beacon, Place, Store, Zone
from streams.topics import CATALOG, STORES
from streams.topics.follower import Follower
from streams.topics.publisher import Publisher, Record
from streams.topics.reference import reference_records
from tests.contract.breakable import pause, resume
from tests.contract.conftest import Broker, provisioned
from tests.patience import PATIENCE

MUG = Item(id="mug", name="Mug", price=900, currency="EUR")
MADRID = Store(
    id="madrid", name="Madrid", zones=(Zone("kitchen", "Kitchen"),), beacons=(Beacon("f7826da6:1:1", "kitchen"),)
)
TEN_PERCENT = Offer(
    id="ten",
    name="Ten",
    title="10 %",
    body="On mugs",
    benefit=Benefit(BenefitKind.PERCENT, 10),
    items=frozenset({"mug"}),
)


@asynccontextmanager
async def following(address: str) -> AsyncIterator[Follower]:
    follower = Follower(address, Reference())
    await follower.start()
    try:
        yield follower
    finally:
        await follower.stop()


async def publish(broker: Broker, *records: Record) -> None:
    publisher = broker.publisher()
    await publisher.publish(records, timeout=5.0)
    await publisher.stop()


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "did not come about"
        await asyncio.sleep(0.02)


async def test_an_empty_shop_is_caught_up_with_at_once(fresh_broker: Broker) -> None:
    async with following(fresh_broker.address) as follower:
        await asyncio.wait_for(follower.caught_up(), 10)

        assert not follower.reference.items
        assert follower.version == 0


async def test_who_has_caught_up_knows_the_whole_shop(fresh_broker: Broker) -> None:
    items = [Item(id=f"item-{number}") for number in range(5000)]
    await publish(fresh_broker, *reference_records([MUG, *items], [MADRID], [TEN_PERCENT]))

    async with following(fresh_broker.address) as follower:
        await asyncio.wait_for(follower.caught_up(), 10)

        reference = follower.reference
        assert len(reference.items) == 5001
        assert reference.items["mug"] == MUG
        assert reference.stores == {"madrid": MADRID}
        assert reference.offers == {"ten": TEN_PERCENT}
        assert reference.places == {"f7826da6:1:1": Place("madrid", "kitchen")}


async def test_changes_and_removals_arrive_live_and_move_the_version(fresh_broker: Broker) -> None:
    async with following(fresh_broker.address) as follower:
        await asyncio.wait_for(follower.caught_up(), 10)
        await publish(fresh_broker, *reference_records([MUG], [MADRID]))
        await until(lambda: "mug" in follower.reference.items and "madrid" in follower.reference.stores)
        before = follower.version
        dearer = Item(id="mug", name="Mug", price=1100, currency="EUR")
        await publish(fresh_broker, *reference_records([dearer]), Record(STORES.name, b"madrid", None))

        await until(lambda: follower.reference.items == {"mug": dearer} and not follower.reference.stores)
        assert follower.reference.places == {}
        assert follower.version > before


async def test_what_cannot_be_read_is_counted_and_skipped(fresh_broker: Broker) -> None:
    await publish(
        fresh_broker,
        *reference_records([MUG]),
        Record(CATALOG.name, b"mug", b"\xff not msgpack"),
        Record(CATALOG.name, b"cup", b""),
        Record(CATALOG.name, b"\xff", b"\x80"),
        Record(CATALOG.name, b"other", reference_records([MUG])[0].value),
        Record(CATALOG.name, b"", None),
        *reference_records([Item(id="after")]),
    )

    async with following(fresh_broker.address) as follower:
        await asyncio.wait_for(follower.caught_up(), 10)

        assert set(follower.reference.items) == {"mug", "after"}
        assert follower.skipped == {"malformed_value": 3, "wrong_key": 2}


async def test_a_follower_starts_before_its_broker_and_outlives_its_outages(tmp_path: Path) -> None:
    port = free_port()
    async with following(f"127.0.0.1:{port}") as follower:
        await asyncio.sleep(0.1)
        assert not follower.is_caught_up

        child = Child.start("the late broker", broker_command(port, tmp_path), tmp_path / "broker.log")
        try:
            await until(lambda: _answers(port))
            broker = provisioned(f"127.0.0.1:{port}", idempotent=False)
            await publish(broker, *reference_records([MUG]))
            await until(lambda: "mug" in follower.reference.items)

            pause(child)
            await asyncio.sleep(0.3)
            resume(child)
            await publish(broker, *reference_records([Item(id="after")]))
            await until(lambda: "after" in follower.reference.items)
        finally:
            child.stop(1.0)


async def test_the_shop_can_be_loaded_twice(fresh_broker: Broker) -> None:
    publisher = Publisher(fresh_broker.address, idempotent=False)
    for _ in range(2):
        await publisher.publish(reference_records([MUG], [MADRID], [TEN_PERCENT]), timeout=5.0)
    await publisher.stop()

    async with following(fresh_broker.address) as follower:
        await asyncio.wait_for(follower.caught_up(), 10)

        assert len(follower.reference.items) == len(follower.reference.stores) == len(follower.reference.offers) == 1


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


async def test_the_shop_is_followed_though_a_mistake_of_ours_came_in_between(fresh_broker: Broker) -> None:
    mistakes = [KeyError("stock")]

    def derive() -> None:
        if mistakes:
            raise mistakes.pop()

    follower = Follower(fresh_broker.address, Reference(), derive)
    await follower.start()
    await publish(fresh_broker, *reference_records([MUG], [], []))
    await until(lambda: not mistakes)
    await publish(fresh_broker, *reference_records([], [MADRID], []))
    await until(lambda: bool(follower.reference.stores))
    assert "mug" in follower.reference.items
    await follower.stop()
