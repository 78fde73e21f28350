"""What a slate costs by placement: CPU of one answer, over a made-up assortment of 70,000 items.

A customer with hundreds of purchases asks, once as anybody and once for a household with an allergen, whose items are
looked at one by one. A home slate also as one of a micro-batch: under no rule of merchandisers, with an exclusion, and
with a boost. The model's numbers are random, its ranker's, too: the work is that of a
trained one, the taste is not.
"""

import argparse
import time
from collections.abc import Iterator

import msgspec
import numpy as np

from benchmarks.report import Figures, show
from benchmarks.shelves import random_arrays, ranker_of_chance
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for, warm_slates
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail import habits, history
from retail.catalog import Item, item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel
from retail.household import Household
from retail.merchandising import Effect, Rule
from retail.policy import JourneyPolicy
from retail.reference import Reference
from retail.stores import Store, Zone

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
    model = make_model("made-up", {**random_arrays(items=items, factors=64, neighbours=30), **ranker_of_chance(items)})
    shop, customer = assortment(items), regular(items)
    return {**dict(_figures(model, shop, customer, rounds)), **dict(_together(model, shop, customer, rounds))}


def _figures(model: Model, reference: Reference, state: CustomerState, rounds: int) -> Iterator[tuple[str, float]]:
    allergic = msgspec.structs.replace(state, household=Household({"peanut": 1}, {}))
    spot = Spot("i370", tuple(f"i{n}" for n in range(20)), "d7", "z")
    for placement in RECIPES:
        for who, known in (("", state), ("_allergen", allergic)):
            query = Query(customer="ana", state=known, at=NOW * 1000, placement=placement, store="s0", limit=10)
            costs = cost(query, spot, model, reference, rounds)
            yield f"{placement}{who}_p50_ms", float(np.percentile(costs, 50))
            yield f"{placement}{who}_p99_ms", float(np.percentile(costs, 99))


BATCH = 64
EXCLUSION = Rule(id="no c7", effect=Effect.EXCLUDE, categories=frozenset({"c7"}))
BOOST = Rule(id="own brand", effect=Effect.BOOST, brands=frozenset({"b1"}))


def _together(model: Model, reference: Reference, state: CustomerState, rounds: int) -> Iterator[tuple[str, float]]:
    """Microseconds of CPU of a home slate in a micro-batch."""
    queries = [Query(customer="ana", state=state, at=NOW * 1000 + n, store="s0", limit=10) for n in range(BATCH)]
    for name, rule in (("", None), ("_exclusion", EXCLUSION), ("_exclusion_boost", BOOST)):
        if rule is not None:
            reference.put_rule(rule.id, rule)
        warm_slates(queries, model, reference)
        costs = []
        for _ in range(max(rounds // BATCH, 5)):
            begun = time.process_time()
            warm_slates(queries, model, reference)
            costs.append((time.process_time() - begun) / BATCH * 1e6)
        yield f"home_in_batch{name}_p50_us", float(np.percentile(costs, 50))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=70_000, help="of the assortment (default 70,000)")
    parser.add_argument("--rounds", type=int, default=500, help="answers per placement (default 500)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    show("A slate by placement", measure(given.items, given.rounds), as_json=given.json)


if __name__ == "__main__":
    main()
