"""Small models: random ones of any shape, and one trained on a handful of purchases."""

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model, make_model, texts
from recommender.policy import TrainingPolicy
from recommender.training.train import train
from recommender.training.transactions import NO_STORE, Transactions
from retail.catalog import item_key

SMALL = TrainingPolicy(factors=4, iterations=5, neighbours=5, alike=3)

Line = tuple[str, int, str, int, str]
"""Customer, basket, item, seconds, store ("" for none)."""

Arrays = dict[str, NDArray[np.generic]]


def transactions(lines: list[Line]) -> Transactions:
    customers, _, items, _, stores = (tuple(dict.fromkeys(column)) for column in zip(*lines, strict=True))
    shops = tuple(store for store in stores if store)
    return Transactions(
        customers=[str(customer) for customer in customers],
        items=[str(item) for item in items],
        stores=[str(store) for store in shops],
        customer=np.array([customers.index(line[0]) for line in lines], np.int32),
        item=np.array([items.index(line[2]) for line in lines], np.int32),
        store=np.array([shops.index(line[4]) if line[4] else NO_STORE for line in lines], np.int32),
        basket=np.array([line[1] for line in lines], np.int32),
        at=np.array([line[3] for line in lines], np.int64),
    )


def trained(lines: list[Line], policy: TrainingPolicy = SMALL) -> Model:
    return make_model("trained", train(transactions(lines), policy))


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


def _falling(chance: np.random.Generator, items: int, places: int) -> NDArray[np.float32]:
    """Weights in falling order, some lists ended early by a 0."""
    weights = -np.sort(-chance.random((items, places)), axis=1)
    weights[chance.random((items, places)).cumsum(axis=1) > 2.0] = 0.0
    return weights.astype(np.float32)
