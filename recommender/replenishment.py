"""When a customer needs something again, by what they bought and how often; pure.

The mean interval of an item's purchases, or of its category's where the item itself was bought once only. What the
shop's customers usually take for an item counts as one interval more, where the model knows it: a rate with a gamma
prior, as in Bhagat et al., Buy It Again (KDD 2018). Their order, by that rate alone, was much worse on Complete Journey
than by how often and how lately something was bought; so what is nearly due is only preferred by `nearness`.
`python -m benchmarks.replenishment` measures both, and how far off the days are that are told.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from recommender.model import Model
from retail.catalog import Item, category_key, item_key
from retail.customers import CustomerState
from retail.habits import DAY, Habit, all_habits
from retail.slates import Due

LONGEST = 365
"""Days: what comes back less often is no habit."""

TRIPS = 3
"""Days with a purchase from which an interval is told: two make one gap, which may be chance."""

EDGE, WIDTH = 0.25, 0.4
"""What an item counts more on its day, and how early and late, in intervals, that is e times less."""


class Cycles(NamedTuple):
    """own, categories: what was bought, by key. catalog: by id. model: for how an item is usually bought again."""

    own: Mapping[int, Habit]
    categories: Mapping[int, Habit]
    catalog: Mapping[str, Item]
    model: Model

    def due(self, item: str) -> Due | None:
        """None where nobody could tell."""
        own = self.own.get(item_key(item))
        if own is None:
            return None
        if found := _due(own, _usual(self.model, item), ""):
            return found
        known = self.catalog.get(item)
        return self.category_due(known.category) if known is not None and known.category else None

    def category_due(self, category: str) -> Due | None:
        habit = self.categories.get(category_key(category))
        return _due(habit, None, category) if habit is not None else None

    def categories_due(self) -> Iterator[Due]:
        """Of all categories of the catalogue that the customer buys again and again, the next first."""
        names = {item.category for item in self.catalog.values() if item.category}
        found = (due for name in names if (due := self.category_due(name)) is not None)
        return iter(sorted(found, key=lambda due: (due.at, due.category)))


def cycles_of(state: CustomerState, model: Model, catalog: Mapping[str, Item]) -> Cycles:
    own = {habit.item: habit for habit in all_habits(state.habits)}
    return Cycles(own, {habit.item: habit for habit in all_habits(state.categories)}, catalog, model)


def nearness(due: Due, at: int) -> float:
    """What the item counts for being due: 1 far from its day, 1 + EDGE on it; who is long overdue goes elsewhere. at:
    milliseconds."""
    away = (at - due.at) / (due.every * DAY * 1000)
    return 1.0 + EDGE * math.exp(-((away / WIDTH) ** 2))


def _due(habit: Habit, usual: float | None, category: str) -> Due | None:
    """usual: days, None where the shop does not know. category: "" for an item's own."""
    span = max(habit.last // DAY - habit.first, 0)
    trips = min(habit.times, span + 1)
    if trips < TRIPS:
        return None
    every = (span + usual) / trips if usual is not None else span / (trips - 1)
    if every > LONGEST:
        return None
    return Due(round((habit.last + every * DAY) * 1000), max(round(every), 1), habit.times, category)


def _usual(model: Model, item: str) -> float | None:
    """Days between two purchases of the item, by all customers of the log that the ranker learned from."""
    row = model.row(item) if model.ranker is not None else -1
    return float(model.ranker.repeats.gaps[row]) if model.ranker is not None and row >= 0 else None
