"""What a slate costs by placement: CPU of one answer, over a made-up assortment of 70,000 items.

A customer with hundreds of purchases asks, once as anybody and once for a household with an allergen, whose items are
looked at one by one. The model's numbers are random: the work is that of a trained one, the taste is not.
"""

import argparse
import time
from collections.abc import Iterator

import msgspec
import numpy as np

from benchmarks.report import Figures, show
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail import habits, history
from retail.catalog import Item, item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel
from retail.household import Household
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.stores import Store, Zone
from tests.unit.recommender.shelves import random_arrays

NOW = 1_750_000_000
"""Seconds; only differences count."""

HOUR = 3_600
PURCHASES = 250
CATEGORIES, DEPARTMENTS, BRANDS = 300, 20, 7


def assortment(items: int) -> Reference:
    """Every other item holds peanuts."""
    catalog = (
        Item(
            id=f"i{n}",
            category=f"c{n % CATEGORIES}",
            department=f"d{n % DEPARTMENTS}",
            brand=f"b{n % BRANDS}",
            ingredients=("rice",) if n % 2 else ("peanut oil",),
        )
        for n in range(items)
    )
    store = Store(id="s0", name="S0", zones=(Zone("z", "Z", ("c1", "c2", "c3", "c4")),))
    return Reference(items={item.id: item for item in catalog}, stores={store.id: store})


def regular(items: int) -> CustomerState:
    """Bought something every hour."""
    policy, habit, past = JourneyPolicy(), b"", b""
    for n in range(PURCHASES, 0, -1):
        key, at = item_key(f"i{n * 37 % items}"), NOW - n * HOUR
        habit = habits.add(habit, [key], at, policy.habit_decay.total_seconds(), PURCHASES)
        past += history.pack(key, at, Interaction.BOUGHT, Channel.STORE)
    return CustomerState(history=past, habits=habit)


def cost(query: Query, spot: Spot, model: Model, reference: Reference, rounds: int) -> list[float]:
    """Milliseconds of CPU of each answer, the first, which compiles, left out."""
    slate_for(query, spot, model, reference)
    costs = []
    for _ in range(rounds):
        begun = time.process_time()
        slate_for(query, spot, model, reference)
        costs.append((time.process_time() - begun) * 1e3)
    return costs


def measure(items: int, rounds: int) -> Figures:
    model = make_model("made-up", random_arrays(items=items, factors=64, neighbours=30))
    return dict(_figures(model, assortment(items), regular(items), rounds))


def _figures(model: Model, reference: Reference, state: CustomerState, rounds: int) -> Iterator[tuple[str, float]]:
    allergic = msgspec.structs.replace(state, household=Household({"peanut": 1}, {}))
    spot = Spot("i370", tuple(f"i{n}" for n in range(20)), "d7", "z")
    for placement in RECIPES:
        for who, known in (("", state), ("_allergen", allergic)):
            query = Query(customer="ana", state=known, at=NOW * 1000, placement=placement, store="s0", limit=10)
            costs = cost(query, spot, model, reference, rounds)
            yield f"{placement}{who}_p50_ms", float(np.percentile(costs, 50))
            yield f"{placement}{who}_p99_ms", float(np.percentile(costs, 99))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=70_000, help="of the assortment (default 70,000)")
    parser.add_argument("--rounds", type=int, default=500, help="answers per placement (default 500)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    show("A slate by placement", measure(given.items, given.rounds), as_json=given.json)


if __name__ == "__main__":
    main()
