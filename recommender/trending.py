"""What many choose just now, here, on this channel or everywhere, added to the kernel's answers."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.aisles import is_of
from recommender.batch import TRENDING, Answers, Batch
from recommender.lately import Trend
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import Found, Questions, places
from recommender.sessions import merge_found
from recommender.trends import EVERYWHERE, Scope
from retail.clicks import NO_STORE, store_key
from retail.reference import Reference

MOST = 5
"""Items of the trend on a slate at most: what is new to show, not the whole page."""

MINUTE = 60
"""Seconds for which a list stands, unless something was learned."""

Asked = tuple[int, int]
"""The model's number of a store and a channel's place, -1 for none."""


class Aisle(NamedTuple):
    """What a trend is limited to. names: of categories and departments. holds: whether an item row is of them."""

    names: frozenset[str]
    holds: Callable[[int], bool]


def aisle_of(names: frozenset[str], model: Model, reference: Reference) -> Aisle:
    return Aisle(names, lambda row: is_of(reference.items.get(model.items[row]), names))


def add_trends(model: Model, batch: Batch, policy: BlendPolicy, answers: Answers) -> None:
    """The first of the trend counts `policy.trending`."""
    if policy.trending and model.lately.trends:
        _add(model, batch, (policy.trending, policy.session_gap.total_seconds()), None, answers)


def add_aisle_trends(model: Model, batch: Batch, weights: tuple[float, float], aisle: Aisle, answers: Answers) -> None:
    """As `add_trends`, of an aisle. weights: what the first counts; seconds of silence that end a session."""
    if weights[0] and model.lately.trends:
        _add(model, batch, weights, aisle, answers)


def _add(model: Model, batch: Batch, weights: tuple[float, float], aisle: Aisle | None, answers: Answers) -> None:
    weight, gap = weights
    if len(batch.at) == 1:
        trend = _trend((int(batch.store[0]), _channel(batch, gap)), int(batch.at[0]) // MINUTE, model, aisle)
        if trend.length:
            merge_found(NOBODY, NOBODY.first, trend.found, (float(weight), TRENDING), answers)
        return
    asked = list(zip(batch.store.tolist(), _channels(batch, gap), strict=True))
    minute = max(batch.at.tolist()) // MINUTE
    numbers = {one: number for number, one in enumerate(dict.fromkeys(asked))}
    trends = [_trend(one, minute, model, aisle) for one in numbers]
    of = np.array([numbers[one] for one in asked], np.int64)
    who = np.flatnonzero(np.array([trend.length for trend in trends])[of])
    if len(who):
        merge_found(_nobody(len(who)), who, _found(trends, of[who]), (float(weight), TRENDING), answers)


def _found(trends: list[Trend], of: NDArray[np.int64]) -> Found:
    """of: for each customer which of the trends."""
    return Found(*(np.concatenate(part)[of] for part in zip(*(trend.found for trend in trends), strict=True)))


def _channel(batch: Batch, gap: float) -> int:
    """As `_channels`, of a customer who asks alone: arrays of one cost ten times what is done with them."""
    if not len(batch.history):
        return -1
    newest = batch.history[-1]
    return int(newest["channel"]) if int(batch.at[0]) - int(newest["at"]) <= gap else -1


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


def _nobody(customers: int) -> Questions:
    """No item of theirs led there."""
    first: NDArray[np.int64] = np.arange(customers, dtype=np.int64)
    return Questions(np.full(customers, -1, np.int32), first, first + 1)


NOBODY = _nobody(1)


def _trend(asked: Asked, minute: int, model: Model, aisle: Aisle | None) -> Trend:
    """Made once a minute, and when something was learned."""
    lists = model.lately.lists
    place = asked, None if aisle is None else aisle.names
    known = lists.get(place)
    if known is None or known.minute != minute:
        known = lists[place] = _counted(asked, minute, model, aisle)
    return known


def _counted(asked: Asked, minute: int, model: Model, aisle: Aisle | None) -> Trend:
    """That of the store, where one is asked for that the model knows, alone: what is chosen elsewhere is no news of
    here. Else that of the channel they are on, else that of everywhere."""
    store, channel = asked
    scopes = [(store_key(list(model.stores)[store]), -1)] if store >= 0 else [(NO_STORE, channel), EVERYWHERE]
    found = places(1, MOST)
    for scope in scopes:
        best = _best(scope, minute, model, aisle)
        for place, (row, sessions) in enumerate(best):
            found.rows[0, place], found.scores[0, place] = row, sessions / best[0][1]
        if best:
            return Trend(minute, len(best), found)
    return Trend(minute, 0, found)


def _best(scope: Scope, minute: int, model: Model, aisle: Aisle | None) -> list[tuple[int, float]]:
    """Rows and in how many sessions, the most first."""
    among = None if aisle is None else _among(model, aisle)
    top = model.lately.trends.top(scope, minute * MINUTE * 1000, MOST, among)
    return [(row, trend.sessions) for trend in top if (row := model.row_of(trend.item)) >= 0]


def _among(model: Model, aisle: Aisle) -> Callable[[int], bool]:
    """By item key."""
    return lambda item: (row := model.row_of(item)) >= 0 and aisle.holds(row)
