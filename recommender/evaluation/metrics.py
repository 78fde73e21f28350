"""How good ranked lists are, one function per metric; each takes the places at which the wanted items stand.

places: (Q, T) ints, 0 the first place; -1 where a wanted item is not on the list, or the row has fewer wanted items.
All give (Q,) values, one per list, so that a mean comes with an interval.
"""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

Values = NDArray[np.float64]

RESAMPLES = 1000
"""Of a bootstrap: enough for the third digit of its bounds."""


def places_of(lists: list[list[str]], wanted: list[list[str]]) -> Places:
    """Where each wanted item stands in its list. An item counts once, at its first place."""
    places = np.full((len(wanted), max(map(len, wanted), default=0)), -1, np.int64)
    for query, (ranked, targets) in enumerate(zip(lists, wanted, strict=True)):
        order = {item: place for place, item in reversed(list(enumerate(ranked)))}
        places[query, : len(targets)] = [order.get(target, -1) for target in targets]
    return places


def hits(places: Places, k: int) -> Values:
    """1 where at least one wanted item is among the first k."""
    return np.asarray(np.any(_within(places, k), axis=1), np.float64)


def reciprocal_ranks(places: Places, k: int) -> Values:
    """1 / place (from 1) of the first wanted item; 0 where none is among the first k."""
    reciprocal = np.where(_within(places, k), 1.0 / (np.maximum(places, 0) + 1), 0.0)
    return np.asarray(reciprocal.max(axis=1, initial=0.0), np.float64)


def recalls(places: Places, sizes: NDArray[np.int64], k: int) -> Values:
    """Share of the wanted items among the first k. sizes: (Q,) wanted items, > 0."""
    return np.asarray(_within(places, k).sum(axis=1) / sizes, np.float64)


def discounted_gains(places: Places, sizes: NDArray[np.int64], k: int) -> Values:
    """NDCG with binary relevance; the ideal list has min(size, k) wanted items in front."""
    gains = np.where(_within(places, k), 1.0 / np.log2(np.maximum(places, 0) + 2), 0.0).sum(axis=1)
    ideal = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(np.arange(k) + 2))))
    return np.asarray(gains / ideal[np.minimum(sizes, k)], np.float64)


def interval(values: Values, groups: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """95 % of the means when whole groups are drawn anew: clicks of one session are not independent.

    groups: (Q,) 0 to G - 1. Source: Efron's percentile bootstrap, by cluster.
    """
    if not len(values):
        return 0.0, 0.0
    count = int(groups.max()) + 1
    sums, sizes = np.bincount(groups, values, count), np.bincount(groups, minlength=count)
    chance = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        drawn = chance.integers(0, count, count)
        means[number] = sums[drawn].sum() / sizes[drawn].sum()
    low, high = np.percentile(means, (2.5, 97.5))
    return round(float(low), 5), round(float(high), 5)


def _within(places: Places, k: int) -> NDArray[np.bool_]:
    return (places >= 0) & (places < k)
