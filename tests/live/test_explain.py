"""`caudal explain` reads state, model and shop where the gateway does."""

import asyncio
import json

import pytest

from caudal.child import ChildFailed
from caudal.shop import load_shop
from retail.customers import encode_state
from streams.settings import Settings
from streams.state import Commit
from streams.state.redis import RedisState
from streams.topics.partitions import partition_of
from streams.topics.shop import Shop
from tests.processes import run_command
from tests.shop import ITEMS, MADRID, added, customer_who

pytestmark = pytest.mark.live

ZONE = ("--placement", "zone", "--store", "madrid", "--zone", "dairy")


async def know(settings: Settings, customer: str, blob: bytes) -> None:
    state, partition = RedisState.from_settings(settings), partition_of(customer, settings.customer_partitions)
    try:
        ledger = await state.ledger(partition)
        await state.commit([Commit(partition, ledger.next, ledger.next + 1, {}, {customer: blob}, {})])
    finally:
        await state.close()


def test_a_slate_is_explained_from_the_servers(settings: Settings) -> None:
    load_shop(Shop(list(ITEMS), [MADRID], []), settings)
    asyncio.run(know(settings, "ana", encode_state(customer_who(added("cheese")))))
    told = json.loads(run_command(settings, "explain", "ana", *ZONE, "--json"))
    assert [(one["item"], one["source"]) for one in told["items"]] == [("milk", "catalog")]
    assert told["dropped"] == [{"item": "cheese", "name": "Manchego", "rule": "in_cart"}]
    assert (told["version"], told["fallback"]) == (1, "no_model")
    with pytest.raises(ChildFailed, match="nobody is known under somebody-else"):
        run_command(settings, "explain", "somebody-else", *ZONE)
