"""Customers as the journey would know them: the shipped fold over their purchases and clicks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from recommender.training.transactions import NO_STORE, Transactions
from retail.customers import CustomerState
from retail.events import Channel, Line, OrderCompleted, ProductViewed
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.reference import Reference

JOURNEY = JourneyPolicy()

NOWHERE = Reference()
"""No shop is described: the fold takes every item as it comes."""


@dataclass(frozen=True)
class Basket:
    """at: seconds, of its first line. items: ids, each once. store: "" where it was none."""

    customer: str
    id: int
    at: int
    store: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Click:
    """at: seconds."""

    session: str
    item: str
    at: int


def baskets_by_customer(lines: Transactions) -> Iterator[list[Basket]]:
    """Each customer's baskets, oldest first."""
    order = np.lexsort((lines.item, lines.at, lines.basket, lines.customer))
    columns = (lines.customer, lines.basket, lines.at, lines.store, lines.item)
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    for customer, own in groupby(rows, key=lambda row: int(row[0])):
        found = []
        for basket, group in groupby(own, key=lambda row: int(row[1])):
            _, _, at, store, items = zip(*group, strict=True)
            names = tuple(dict.fromkeys(lines.items[item] for item in items))
            place = lines.stores[store[0]] if store[0] != NO_STORE else ""
            found.append(Basket(lines.customers[customer], basket, min(at), place, names))
        yield sorted(found, key=lambda basket: (basket.at, basket.id))


def recent_baskets(lines: Transactions, most: int) -> NDArray[np.bool_]:
    """(L,) whether a line belongs to the newest baskets of its customer: a third of them, at least one and at most
    `most`, but never the only one."""
    basket, first = np.unique(lines.basket, return_index=True)
    at = np.full(int(lines.basket.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(at, lines.basket, lines.at)
    customer = lines.customer[first]
    order = np.lexsort((-basket, -at[basket], customer))
    counts = np.bincount(customer, minlength=len(lines.customers))
    starts = np.cumsum(counts) - counts
    age = np.arange(len(order)) - starts[customer[order]]
    chosen = age < np.minimum(_recent(counts), most)[customer[order]]
    return np.isin(lines.basket, basket[order[chosen]])


def _recent(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of so many baskets are the newest."""
    return np.maximum(count // 3, count > 1)


def last_baskets(lines: Transactions) -> NDArray[np.bool_]:
    """(L,) whether a line belongs to its customer's last basket, and not to the only one."""
    return recent_baskets(lines, 1)


def baskets_each(lines: Transactions, enough: int, least: int, most: int) -> int:
    """How many of each customer's recent baskets make `enough` together, within the two bounds."""
    customers = len(np.unique(lines.customer[last_baskets(lines)]))
    return min(max(math.ceil(enough / max(customers, 1)), least), most)


def before_recent(lines: Transactions, most: int) -> Iterator[tuple[CustomerState, Basket]]:
    """Each of the recent baskets, and its customer as they were before it."""
    for baskets in baskets_by_customer(lines):
        count = min(int(_recent(np.array(len(baskets)))), most)
        if count:
            state = after_purchases(baskets[:-count])
            yield from zip(along_baskets(state, baskets[-count:]), baskets[-count:], strict=True)


def clicks_by_session(lines: Transactions) -> Iterator[list[Click]]:
    """Each session's clicks in the order of time; clicks of one second in the order of the file."""
    order = np.lexsort((np.arange(len(lines)), lines.at, lines.customer))
    columns = (lines.customer, lines.item, lines.at)
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    for session, own in groupby(rows, key=lambda row: int(row[0])):
        yield [Click(lines.customers[session], lines.items[item], at) for _, item, at in own]


def after_purchases(baskets: list[Basket]) -> CustomerState:
    """The state of the customer who bought these, oldest first."""
    state = CustomerState()
    for basket in baskets:
        state = _after(state, basket)
    return state


def along_baskets(state: CustomerState, baskets: list[Basket]) -> Iterator[CustomerState]:
    """The state before each of the baskets, oldest first. state: before the first."""
    for basket in baskets:
        yield state
        state = _after(state, basket)


def _after(state: CustomerState, basket: Basket) -> CustomerState:
    bought = OrderCompleted(
        id=str(basket.id),
        customer=basket.customer,
        channel=Channel.STORE,
        at=basket.at * 1000,
        received=basket.at * 1000,
        order=str(basket.id),
        lines=tuple(Line(item) for item in basket.items),
    )
    return advance(state, bought, NOWHERE, JOURNEY).state


def along_clicks(clicks: list[Click]) -> Iterator[tuple[CustomerState, Click]]:
    """For every click but the first: the state before it, and the click."""
    state = CustomerState()
    for number, (click, following) in enumerate(pairwise(clicks)):
        viewed = ProductViewed(
            id=str(number),
            customer=click.session,
            channel=Channel.WEB,
            at=click.at * 1000,
            received=click.at * 1000,
            item=click.item,
        )
        state = advance(state, viewed, NOWHERE, JOURNEY).state
        yield state, following
