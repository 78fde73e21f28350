"""Are the days right on which something is said to be due, and does it help to show first what is due?

    python -m benchmarks.replenishment [--customers 700]

On Complete Journey each household's last basket is foreseen from all before it. `days off`: between the day that was
told of an item and the day on which it was bought, for items of that basket; beside it the same where every item is
due 30 days after its last purchase. `recall@10`: of the basket, by what the household bought itself, in the order of
its repeat counters, then with what is due preferred as `buy_again` does, then by the purchase rate alone.
"""

import argparse
from collections.abc import Callable
from statistics import fmean, median

import numpy as np

from recommender.model import Model, make_model
from recommender.replenishment import Cycles, nearness
from recommender.training.complete_journey import read_complete_journey
from recommender.training.shopping import Basket, after_purchases, baskets_by_customer, last_baskets
from recommender.training.train import TRAINING, train
from recommender.training.transactions import Transactions
from retail.catalog import item_key
from retail.customers import CustomerState
from retail.habits import DAY, Habit, all_habits, habit_of

PLACES = 10
MONTH = 30.0

Order = Callable[[str, Habit, Cycles, int], float]
"""What an item counts at a moment, seconds."""


def strength(_item: str, habit: Habit, _cycles: Cycles, at: int) -> float:
    return habit.strength(at, 120.0 * DAY)


def preferred(item: str, habit: Habit, cycles: Cycles, at: int) -> float:
    due = cycles.due(item)
    return strength(item, habit, cycles, at) * (nearness(due, at * 1000) if due else 1.0)


def rate(item: str, habit: Habit, cycles: Cycles, at: int) -> float:
    """Of Bhagat et al. (2018), the modified Poisson-Gamma: the rate falls with the distance from the due day."""
    due = cycles.due(item)
    every = due.every if due else MONTH
    since = max(at - habit.last, 0) / DAY
    away = 2 * abs(every - since) if since < 2 * every else since
    return (habit.times + 1) / (habit.last / DAY - habit.first + away + MONTH)


ORDERS: dict[str, Order] = {"repeat counters": strength, "due preferred": preferred, "rate alone": rate}


def recalls(cases: list[tuple[CustomerState, Basket]], model: Model, ids: dict[int, str], order: Order) -> float:
    found = []
    for state, basket in cases:
        cycles = Cycles(state, {}, model)
        worth = {ids[one.item]: order(ids[one.item], one, cycles, basket.at) for one in all_habits(state.habits)}
        best = sorted(worth, key=lambda item: -worth[item])[:PLACES]
        found.append(len(set(best) & set(basket.items)) / len(basket.items))
    return fmean(found)


def last_of(state: CustomerState, item: str) -> int:
    """Seconds; 0 for never."""
    habit = habit_of(state.habits, item_key(item))
    return habit.last if habit is not None else 0


def days_off(cases: list[tuple[CustomerState, Basket]], model: Model) -> tuple[list[float], list[float]]:
    told, naive = [], []
    for state, basket in cases:
        cycles = Cycles(state, {}, model)
        for item in basket.items:
            if due := cycles.due(item):
                told.append(abs(due.at / 1000 - basket.at) / DAY)
                naive.append(abs(last_of(state, item) + MONTH * DAY - basket.at) / DAY)
    return told, naive


def some_customers(lines: Transactions, count: int) -> Transactions:
    chosen = np.random.default_rng(TRAINING.seed).choice(len(lines.customers), count, replace=False)
    return lines.only(np.isin(lines.customer, chosen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=700)
    lines = some_customers(read_complete_journey(), parser.parse_args().customers)
    model = make_model("benchmark", train(lines.only(~last_baskets(lines))))
    baskets = [own for own in baskets_by_customer(lines) if len(own) > 1]
    cases = [(after_purchases(own[:-1]), own[-1]) for own in baskets]
    ids = {item_key(item): item for item in lines.items}
    told, naive = days_off(cases, model)
    print(f"{len(cases)} households, {len(told):,} items whose day was told; ranker: {model.ranker is not None}")
    print(f"days off, median: {median(told):.1f}; 30 days after the last purchase: {median(naive):.1f}")
    for name, order in ORDERS.items():
        print(f"recall@{PLACES} {name}: {recalls(cases, model, ids, order):.4f}")


if __name__ == "__main__":
    main()
