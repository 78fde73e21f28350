"""How good ranked lists are, one function per metric; each takes the places at which the wanted items stand.

places: (Q, T) ints, 0 the first place; -1 where a wanted item is not on the list, or the row has fewer wanted items.
"""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


def places_of(lists: list[list[str]], wanted: list[list[str]]) -> Places:
    """Where each wanted item stands in its list. An item counts once, at its first place."""
    places = np.full((len(wanted), max(map(len, wanted), default=0)), -1, np.int64)
    for query, (ranked, targets) in enumerate(zip(lists, wanted, strict=True)):
        order = {item: place for place, item in reversed(list(enumerate(ranked)))}
        places[query, : len(targets)] = [order.get(target, -1) for target in targets]
    return places


def hit_rate(places: Places, k: int) -> float:
    """Share of queries with at least one wanted item among the first k."""
    return _mean(np.any(_within(places, k), axis=1))


def reciprocal_rank(places: Places, k: int) -> float:
    """Mean of 1 / place (from 1) of the first wanted item; 0 where none is among the first k."""
    reciprocal = np.where(_within(places, k), 1.0 / (np.maximum(places, 0) + 1), 0.0)
    return _mean(reciprocal.max(axis=1, initial=0.0))


def recall(places: Places, sizes: NDArray[np.int64], k: int) -> float:
    """Mean share of the wanted items among the first k. sizes: (Q,) wanted items, > 0."""
    return _mean(_within(places, k).sum(axis=1) / sizes)


def discounted_gain(places: Places, sizes: NDArray[np.int64], k: int) -> float:
    """NDCG with binary relevance; the ideal list has min(size, k) wanted items in front."""
    gains = np.where(_within(places, k), 1.0 / np.log2(np.maximum(places, 0) + 2), 0.0).sum(axis=1)
    ideal = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(np.arange(k) + 2))))
    return _mean(gains / ideal[np.minimum(sizes, k)])


def _within(places: Places, k: int) -> NDArray[np.bool_]:
    return (places >= 0) & (places < k)


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.mean(values.astype(np.float64))) if len(values) else 0.0
