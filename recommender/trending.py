"""What many choose just now, here or everywhere, added to the kernel's answers."""

import numpy as np
from numpy.typing import NDArray

from recommender.batch import TRENDING, Answers, Batch
from recommender.lately import Trend
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import Found, Questions
from recommender.session_merge import merge
from recommender.trends import EVERYWHERE
from retail.clicks import store_key

MOST = 5
"""Items of the trend on a slate at most: what is new to show, not the whole page."""

MINUTE = 60
"""Seconds for which a list stands, unless something was learned."""


def add_trends(model: Model, batch: Batch, policy: BlendPolicy, answers: Answers) -> None:
    """The first of the trend counts `policy.trending`. Where a store is asked for that the model knows, its own trend
    alone: what is chosen elsewhere is no news of here."""
    if not policy.trending or not model.lately.trends:
        return
    stores, minute = batch.store.tolist(), max(batch.at.tolist()) // MINUTE
    if len(stores) == 1:
        trend = _list(stores[0], minute, model)
        if trend.length:
            merge(NOBODY, NOBODY.first, trend.found, (policy.trending, TRENDING), answers)
        return
    lists = {store: _list(store, minute, model) for store in set(stores)}
    found = [lists[store] for store in stores]
    who = np.array([q for q, trend in enumerate(found) if trend.length], np.int64)
    if len(who):
        merge(_nobody(len(who)), who, _found([found[q] for q in who.tolist()]), (policy.trending, TRENDING), answers)


def _nobody(customers: int) -> Questions:
    """No item of theirs led there."""
    first: NDArray[np.int64] = np.arange(customers, dtype=np.int64)
    return Questions(np.full(customers, -1, np.int32), first, first + 1)


def _found(trends: list[Trend]) -> Found:
    rows, scores, parts = zip(*(trend.found for trend in trends), strict=True)
    return Found(np.concatenate(rows), np.concatenate(scores), np.concatenate(parts))


def _list(store: int, minute: int, model: Model) -> Trend:
    """store: its number in the model, -1 for everywhere."""
    lists = model.lately.lists
    known = lists.get(store)
    if known is None or known.minute != minute:
        known = lists[store] = _trend(store, minute, model)
    return known


def _trend(store: int, minute: int, model: Model) -> Trend:
    scope = (store_key(list(model.stores)[store]), -1) if store >= 0 else EVERYWHERE
    top = model.lately.trends.top(scope, minute * MINUTE * 1000, MOST)
    rows = [(row, trend.sessions) for trend in top if (row := model.row_of(trend.item)) >= 0]
    found = Found(
        np.full((1, MOST), -1, np.int32),
        np.zeros((1, MOST), np.float32),
        np.zeros((1, MOST), np.uint8),
    )
    for place, (row, sessions) in enumerate(rows):
        found.rows[0, place], found.scores[0, place] = row, sessions / rows[0][1]
    return Trend(minute, len(rows), found)


NOBODY = _nobody(1)
