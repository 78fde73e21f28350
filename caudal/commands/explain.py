"""`caudal explain`."""

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from caudal.text import printable
from streams.settings import LogLevel, Settings

if TYPE_CHECKING:
    from gateway.profiles import Whose
    from recommender.model import Model
    from recommender.recommend import Query
    from retail.reference import Reference


@dataclass(frozen=True)
class Shown:
    """Where the slate is shown.

    Parameters
    ----------
    placement
        One of home, item, cart, category, zone, after_purchase, buy_again.
    store
        Where the customer stands or shops.
    item
        The item on the page, for placement item.
    category
        The category or department, for placement category.
    zone
        The zone of the store, for placement zone; by default where the customer stands.
    limit
        Items of the slate.
    """

    placement: str = "home"
    store: str = ""
    item: str = ""
    category: str = ""
    zone: str = ""
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 10


def explain(
    customer: str,
    *,
    shown: Annotated[Shown | None, Parameter(name="*")] = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Explain a customer's slate: why each item is there, and what was dropped by which rule.

    The slate that the gateway would answer now: from the customer's state in Redis, the newest model, and the shop in
    Kafka. Ends with status 1 where nobody is known under the identifier; the slate is then everybody's.

    Parameters
    ----------
    customer
        A user id, or any other identifier under its kind: card:7, anonymous:f7, email:HASH.
    json
        Print one JSON object.
    """
    from caudal import explained
    from caudal.logs import configure
    from recommender.placed import Spot

    chosen, where = settings or Settings(), shown or Shown()
    _check(where)
    configure(chosen.log_format, LogLevel.ERROR)
    whose, model, reference = asyncio.run(_gathered(customer, chosen))
    spot = Spot(item=where.item, category=where.category, zone=where.zone)
    told = explained.explain(customer, _query(whose, where), spot, model, reference)
    print(msgspec.json.encode(told).decode() if json else explained.readable(told))
    if told.version:
        return 0
    print(f"nobody is known under {printable(customer)}", file=sys.stderr)
    return 1


def _check(where: Shown) -> None:
    """Raises ValueError where the gateway would refuse."""
    from recommender.placements import RECIPES, listed

    recipe = RECIPES.get(where.placement)
    if recipe is None:
        raise ValueError(f"no placement is called {printable(where.placement)}; there are {listed()}")
    if recipe.needs and not {"item": where.item, "category": where.category}[recipe.needs]:
        raise ValueError(f"placement {where.placement} needs --{recipe.needs}")


def _query(whose: "Whose", where: Shown) -> "Query":
    from recommender.recommend import Query

    return Query(
        customer=whose.customer,
        state=whose.state,
        at=int(time.time() * 1000),
        placement=where.placement,
        store=where.store,
        limit=where.limit,
    )


async def _gathered(customer: str, settings: Settings) -> "tuple[Whose, Model, Reference]":
    """Raises StateUnavailable, ShopUnread, ModelRefused, RolloutRefused."""
    from caudal.lookup import model_of, shop_of, whose

    found = await whose(customer, settings)
    return found, model_of(found.customer, settings), await shop_of(settings)
