"""What many choose just now, here, on this channel or everywhere, added to the kernel's answers."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.aisles import is_of
from recommender.batch import TRENDING, Answers, Batch
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import Found, Questions
from recommender.session_merge import merge
from recommender.trends import EVERYWHERE, Scope
from retail.clicks import NO_STORE, store_key
from retail.reference import Reference

MOST = 5
"""Items of the trend on a slate at most: what is new to show, not the whole page."""

MINUTE = 60_000
"""Milliseconds for which a list stands, unless something was learned."""

List = tuple[list[int], list[float]]
"""Rows and scores, the first being 1."""


class Aisle(NamedTuple):
    """What a trend is limited to. names: of categories and departments. holds: whether an item row is of them."""

    names: frozenset[str]
    holds: Callable[[int], bool]


def aisle_of(names: frozenset[str], model: Model, reference: Reference) -> Aisle:
    return Aisle(names, lambda row: is_of(reference.items.get(model.items[row]), names))


def add_trends(model: Model, batch: Batch, policy: BlendPolicy, answers: Answers) -> None:
    """The first of the trend counts `policy.trending`."""
    if policy.trending and model.lately.trends:
        lists = _lists(model, batch, policy.session_gap.total_seconds(), None)
        _merge(lists, policy.trending, answers)


def add_aisle_trends(model: Model, batch: Batch, weights: tuple[float, float], aisle: Aisle, answers: Answers) -> None:
    """As `add_trends`, of an aisle. weights: what the first counts; seconds of silence that end a session."""
    weight, gap = weights
    if weight and model.lately.trends:
        _merge(_lists(model, batch, gap, aisle), weight, answers)


def _lists(model: Model, batch: Batch, gap: float, aisle: Aisle | None) -> list[List]:
    """For each customer the trend of the store that is asked for, where the model knows it, alone: what is chosen
    elsewhere is no news of here. Else that of the channel they are on, else that of everywhere."""
    ids, at = list(model.stores), int(batch.at.max()) * 1000
    asked = list(zip(batch.store.tolist(), _channels(batch, gap), strict=True))
    known: dict[tuple[int, int], List] = {}
    for store, channel in set(asked):
        scopes: Iterable[Scope] = [(store_key(ids[store]), -1)] if store >= 0 else [(NO_STORE, channel), EVERYWHERE]
        found = (_list(scope, at, model, aisle) for scope in scopes)
        known[store, channel] = next((one for one in found if one[0]), ([], []))
    return [known[one] for one in asked]


def _channels(batch: Batch, gap: float) -> list[int]:
    """Of the newest interaction, where the session that it is of goes on; else -1."""
    last = batch.history_starts[1:] - 1
    some = last >= batch.history_starts[:-1]
    if not some.any():
        return [-1] * len(last)
    newest = batch.history[np.where(some, last, 0)]
    current = some & (batch.at - newest["at"].astype(np.int64) <= gap)
    found: list[int] = np.where(current, newest["channel"].astype(np.int64), -1).tolist()
    return found


def _merge(lists: list[List], weight: float, answers: Answers) -> None:
    who = np.array([q for q, one in enumerate(lists) if one[0]], np.int64)
    if not len(who):
        return
    found = Found(
        np.full((len(who), MOST), -1, np.int32),
        np.zeros((len(who), MOST), np.float32),
        np.zeros((len(who), MOST), np.uint8),
    )
    for n, q in enumerate(who.tolist()):
        rows, scores = lists[q]
        found.rows[n, : len(rows)], found.scores[n, : len(rows)] = rows, scores
    merge(_nobody(len(who)), who, found, (weight, TRENDING), answers)


def _nobody(customers: int) -> Questions:
    """No item of theirs led there."""
    first: NDArray[np.int64] = np.arange(customers, dtype=np.int64)
    return Questions(np.full(customers, -1, np.int32), first, first + 1)


def _list(scope: Scope, at: int, model: Model, aisle: Aisle | None) -> List:
    lists, minute = model.lately.lists, at // MINUTE
    asked = scope, aisle.names if aisle is not None else None
    known = lists.get(asked)
    if known is None or known[0] != minute:
        among = None if aisle is None else _among(model, aisle)
        top = model.lately.trends.top(scope, minute * MINUTE, MOST, among)
        found = [(row, trend.sessions) for trend in top if (row := model.row_of(trend.item)) >= 0]
        scores = [sessions / found[0][1] for _, sessions in found]
        known = lists[asked] = (minute, [row for row, _ in found], scores)
    return known[1], known[2]


def _among(model: Model, aisle: Aisle) -> Callable[[int], bool]:
    """By item key."""
    return lambda item: (row := model.row_of(item)) >= 0 and aisle.holds(row)
