"""Models of any shape whose numbers are random: the work is that of a trained one, the taste is not."""

import numpy as np
from numpy.typing import NDArray

from recommender.model import texts
from recommender.rank_columns import FEATURES
from recommender.rank_features import Repeats
from recommender.ranker import Ranker, Trees, ranker_arrays
from retail.catalog import item_key

Arrays = dict[str, NDArray[np.generic]]


def random_arrays(items: int = 12, seed: int = 0, factors: int = 4, neighbours: int = 3) -> Arrays:
    """Items `i0`, `i1`, ... by row; stores `s0` with three popular items and `s1` with none."""
    chance = np.random.default_rng(seed)
    names = [f"i{row}" for row in range(items)]
    keys = np.array([item_key(name) for name in names], np.uint64)
    order = np.argsort(keys)
    learned = chance.normal(size=(items, factors)).astype(np.float32)
    gram = learned.T.astype(np.float64) @ learned + 0.1 * np.eye(factors)
    here = chance.permutation(items)[:3]
    return {
        "keys": keys[order],
        "rows": order.astype(np.int32),
        "factors": learned,
        "aids": np.linalg.solve(gram, learned.T.astype(np.float64)).T.astype(np.float32),
        "together": chance.integers(0, items, (items, neighbours)).astype(np.int32),
        "together_weights": _falling(chance, items, neighbours),
        "alike": chance.integers(0, items, (items, 2)).astype(np.int32),
        "alike_weights": _falling(chance, items, 2),
        "popularity": np.sort(chance.random(items).astype(np.float32))[::-1].copy(),
        "here_starts": np.array([0, len(here), len(here)], np.int64),
        "here": here.astype(np.int32),
        "here_weights": np.sort(chance.random(len(here)).astype(np.float32))[::-1].copy(),
        "alpha": np.array([2.0], np.float32),
        "item_ids": texts(names),
        "store_ids": texts(["s0", "s1"]),
    }


TREES, LEAVES = 150, 31
"""Of a random ranker: as many as one learned on two thousand households had, and as many leaves."""


def ranker_of_chance(items: int, seed: int = 0) -> Arrays:
    """The arrays of a ranker whose trees are as bushy as can be: each leaf is four or five questions deep."""
    chance, inner = np.random.default_rng(seed), LEAVES - 1
    child = np.arange(1, 2 * inner + 1).reshape(inner, 2)
    first = np.arange(TREES)[:, None, None]
    ways = np.where(child < inner, first * inner + child, -1 - (first * LEAVES + child - inner)).reshape(-1, 2)
    trees = Trees(
        roots=np.arange(0, TREES * inner, inner, dtype=np.int32),
        features=chance.integers(0, len(FEATURES), TREES * inner).astype(np.int32),
        thresholds=chance.exponential(10.0, TREES * inner),
        left=ways[:, 0].astype(np.int32),
        right=ways[:, 1].astype(np.int32),
        leaves=chance.normal(size=TREES * LEAVES),
    )
    share = chance.random(items).astype(np.float32)
    return ranker_arrays(Ranker(trees, Repeats(again=share, gaps=1.0 + 60.0 * share)))


def _falling(chance: np.random.Generator, items: int, places: int) -> NDArray[np.float32]:
    """Weights in falling order, some lists ended early by a 0."""
    weights = -np.sort(-chance.random((items, places)), axis=1)
    weights[chance.random((items, places)).cumsum(axis=1) > 2.0] = 0.0
    return weights.astype(np.float32)
