"""What many choose just now, here or everywhere, added to the kernel's answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.batch import TRENDING, Answers, Batch
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import Found, Questions, places
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
    stores = sorted(set(batch.store.tolist()))
    of = np.searchsorted(stores, batch.store)
    lists = _lists(stores, int(batch.at.max()) * 1000, model)
    who = np.flatnonzero(lists.scores[of, 0] > 0.0)
    if len(who):
        their = of[who]
        found = Found(lists.rows[their], lists.scores[their], lists.parts[their])
        merge(_nobody(len(who)), who, found, (policy.trending, TRENDING), answers)


def _lists(stores: Sequence[int], at: int, model: Model) -> Found:
    """By store. stores: numbers in the shelf, -1 for none."""
    ids, found = list(model.stores), places(len(stores), MOST)
    for n, store in enumerate(stores):
        rows, scores = _list(ids[store] if store >= 0 else "", at, model)
        found.rows[n, : len(rows)], found.scores[n, : len(rows)] = rows, scores
    return found


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
