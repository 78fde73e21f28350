"""What many choose just now, here or everywhere, added to the kernel's answers."""

import numpy as np
from numpy.typing import NDArray

from recommender.batch import TRENDING, Answers, Batch
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import Found, Questions
from recommender.session_merge import merge
from recommender.trends import EVERYWHERE, Scope
from retail.clicks import store_key

MOST = 5
"""Items of the trend on a slate at most: what is new to show, not the whole page."""

MINUTE = 60_000
"""Milliseconds for which a list stands, unless something was learned."""


def add_trends(model: Model, batch: Batch, policy: BlendPolicy, answers: Answers) -> None:
    """The first of the trend counts `policy.trending`. Where a store is asked for that the model knows, its own trend
    alone: what is chosen elsewhere is no news of here."""
    if not policy.trending or not model.lately.trends:
        return
    stores, ids = batch.store.tolist(), list(model.stores)
    at = int(batch.at.max()) * 1000
    lists = {store: _list(ids[store] if store >= 0 else "", at, model) for store in set(stores)}
    who = np.array([q for q, store in enumerate(stores) if lists[store][0]], np.int64)
    if not len(who):
        return
    found = Found(
        np.full((len(who), MOST), -1, np.int32),
        np.zeros((len(who), MOST), np.float32),
        np.zeros((len(who), MOST), np.uint8),
    )
    for n, q in enumerate(who.tolist()):
        rows, scores = lists[stores[q]]
        found.rows[n, : len(rows)], found.scores[n, : len(rows)] = rows, scores
    merge(_nobody(len(who)), who, found, (policy.trending, TRENDING), answers)


def _nobody(customers: int) -> Questions:
    """No item of theirs led there."""
    first: NDArray[np.int64] = np.arange(customers, dtype=np.int64)
    return Questions(np.full(customers, -1, np.int32), first, first + 1)


def _list(store: str, at: int, model: Model) -> tuple[list[int], list[float]]:
    """Rows and scores, the first being 1."""
    scope: Scope = (store_key(store), -1) if store else EVERYWHERE
    lists, minute = model.lately.lists, at // MINUTE
    known = lists.get(scope)
    if known is None or known[0] != minute:
        top = model.lately.trends.top(scope, minute * MINUTE, MOST)
        found = [(row, trend.sessions) for trend in top if (row := model.row_of(trend.item)) >= 0]
        scores = [sessions / found[0][1] for _, sessions in found]
        known = lists[scope] = (minute, [row for row, _ in found], scores)
    return known[1], known[2]
