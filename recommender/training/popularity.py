"""What is popular: purchases that fade with time, everywhere and in each store."""

import numpy as np
from numpy.typing import NDArray

from recommender.policy import TrainingPolicy
from recommender.training.transactions import Transactions


def popular(lines: Transactions, items: int, policy: TrainingPolicy) -> dict[str, NDArray[np.generic]]:
    """The arrays `popular`, `popularity`, `here_starts`, `here`, `here_weights` of a shelf of `items` rows.

    lines.item: (L,) rows of the shelf. Popularity is scaled to at most 1; ties go by row.
    """
    now = int(lines.at.max(initial=0))
    worth = np.exp((lines.at - now) / policy.popularity_decay.total_seconds())
    total = np.bincount(lines.item, worth, items).astype(np.float64)
    order = np.lexsort((np.arange(items), -total)).astype(np.int32)
    return {"popular": order, "popularity": _scaled(total), **_popular_here(lines, worth, items, policy.popular_here)}


def _popular_here(
    lines: Transactions, worth: NDArray[np.float64], items: int, limit: int
) -> dict[str, NDArray[np.generic]]:
    inside = lines.store >= 0
    cell, index = np.unique(lines.store[inside].astype(np.int64) * items + lines.item[inside], return_inverse=True)
    total = np.bincount(index, worth[inside], len(cell))
    store, row = np.divmod(cell, max(items, 1))
    order = np.lexsort((row, -total, store))
    store, row, total = store[order], row[order], total[order]
    starts = np.searchsorted(store, np.arange(len(lines.stores) + 1))
    place = np.arange(len(store)) - starts[store]
    kept = place < limit
    weights = total / total[starts[store]] if len(store) else total
    kept_starts = np.concatenate(([0], np.cumsum(np.bincount(store[kept], minlength=len(lines.stores)))))
    return {
        "here_starts": kept_starts.astype(np.int64),
        "here": row[kept].astype(np.int32),
        "here_weights": weights[kept].astype(np.float32),
    }


def _scaled(total: NDArray[np.float64]) -> NDArray[np.float32]:
    largest = total.max(initial=0.0)
    return (total / largest if largest > 0 else total).astype(np.float32)
