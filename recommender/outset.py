"""The history that a recipe starts from in place of the customer's own: an item, a cart, the newest purchase; pure."""

import numpy as np

from recommender.placements import Basis
from recommender.recommend import Query
from recommender.records import INTERACTION
from retail import history
from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel

LINES = 50
"""Lines of a cart that are looked at, the newest; more than any recipe gives weight to."""


def outset(query: Query, basis: Basis, item: str, *, cart_told: bool) -> bytes:
    """As `retail.history` packs it; empty where there is none. item: on the page. cart_told: whether the cart of the
    query's state is one that the page named."""
    if basis is Basis.ITEM:
        return _records((item,), query.at, Interaction.VIEWED) if item else b""
    if basis is Basis.CART or cart_told:
        return _records(tuple(query.state.cart)[-LINES:], query.at, Interaction.ADDED)
    return _newest_order(query.state)


def _records(items: tuple[str, ...], at: int, kind: Interaction) -> bytes:
    return b"".join(history.pack(item_key(item), at // 1000, kind, Channel.WEB) for item in items)


def _newest_order(state: CustomerState) -> bytes:
    past = np.frombuffer(state.history, INTERACTION)
    bought = past[past["kind"] == int(Interaction.BOUGHT)]
    return bought[bought["at"] == bought["at"].max()].tobytes() if len(bought) else b""
