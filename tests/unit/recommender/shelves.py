"""Small models: random ones of any shape (those of the benchmarks), and one trained on a handful of purchases."""

import numpy as np

from benchmarks.shelves import Arrays, random_arrays
from recommender.model import Model, make_model
from recommender.policy import TrainingPolicy
from recommender.training.train import train
from recommender.training.transactions import NO_STORE, Transactions

__all__ = ["SMALL", "Arrays", "Line", "random_arrays", "trained", "transactions"]

SMALL = TrainingPolicy(factors=4, iterations=5, neighbours=5, alike=3)

Line = tuple[str, int, str, int, str]
"""Customer, basket, item, seconds, store ("" for none)."""


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
