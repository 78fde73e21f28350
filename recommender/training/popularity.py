"""What is popular: purchases that fade with time, everywhere and in each store."""

import numpy as np
from numpy.typing import NDArray

from recommender.policy import TrainingPolicy
from recommender.training.transactions import Transactions


def popular(lines: Transactions, items: int, policy: TrainingPolicy) -> dict[str, NDArray[np.generic]]:
    """The arrays `popularity`, `here_starts`, `here`, `here_weights` of a shelf of `items` rows.

    lines.item: (L,) rows of the shelf. Scaled to at most 1; ties in a store go by row.
    """
    worth = _worth(lines, policy)
    total = np.bincount(lines.item, worth, items).astype(np.float64)
    return {"popularity": _scaled(total), **_popular_here(lines, worth, items, policy.popular_here)}


def by_popularity(lines: Transactions, keys: NDArray[np.uint64], policy: TrainingPolicy) -> NDArray[np.int64]:
    """The numbers of `lines.items`, the most popular first; ties go by key. keys: by number."""
    total = np.bincount(lines.item, _worth(lines, policy), len(keys))
    return np.lexsort((keys, -total))


def _worth(lines: Transactions, policy: TrainingPolicy) -> NDArray[np.float64]:
    """(L,) what each line still counts at the end of the lines, 1 for the newest."""
    age = lines.at - int(lines.at.max(initial=0))
    return np.asarray(np.exp(age / policy.popularity_decay.total_seconds()), np.float64)


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
