"""When a customer needs something again, by what they bought and how often; pure.

The mean interval of an item's purchases, or of its category's where the item itself was bought once only. What the
shop's customers usually take for an item counts as one interval more, where the model knows it: a rate with a gamma
prior, as in Bhagat et al., Buy It Again (KDD 2018). Their order, by that rate alone, was much worse on Complete Journey
than by how often and how lately something was bought; so what is nearly due is only preferred by `nearness`.
`python -m benchmarks.replenishment` measures both, and how far off the days are that are told.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from recommender.draft import Candidate
from recommender.model import Model
from retail.catalog import Item, category_key, item_key
from retail.customers import CustomerState
from retail.habits import DAY, Habit, habit_of
from retail.slates import Due, Recommendation

LONGEST = 365
"""Days: what comes back less often is no habit."""

TRIPS = 3
"""Days with a purchase from which an interval is told: two make one gap, which may be chance."""

EDGE, WIDTH = 0.25, 0.4
"""What an item counts more on its day, and how early and late, in intervals, that is e times less."""


FIRST = 60
"""Of the ranking, in which what is due is preferred: what comes behind cannot rise onto a page."""


class Cycles(NamedTuple):
    """catalog: items by id. model: for how an item is usually bought again."""

    state: CustomerState
    catalog: Mapping[str, Item]
    model: Model

    def due(self, item: str) -> Due | None:
        """None where nobody could tell."""
        own = habit_of(self.state.habits, item_key(item))
        if own is None:
            return None
        if found := _due(own, _usual(self.model, item), ""):
            return found
        known = self.catalog.get(item)
        return self.category_due(known.category) if known is not None and known.category else None

    def category_due(self, category: str) -> Due | None:
        habit = habit_of(self.state.categories, category_key(category))
        return _due(habit, None, category) if habit is not None else None

    def categories_due(self) -> Iterator[Due]:
        """Of all categories of the catalogue that the customer buys again and again, the next first."""
        names = {item.category for item in self.catalog.values() if item.category}
        found = (due for name in names if (due := self.category_due(name)) is not None)
        return iter(sorted(found, key=lambda due: (due.at, due.category)))


def nearness(due: Due, at: int) -> float:
    """What the item counts for being due: 1 far from its day, 1 + EDGE on it; who is long overdue goes elsewhere. at:
    milliseconds."""
    away = (at - due.at) / (due.every * DAY * 1000)
    return 1.0 + EDGE * math.exp(-((away / WIDTH) ** 2))


def nearest_first(candidates: Iterable[Candidate], cycles: Cycles, at: int) -> Iterator[Candidate]:
    """Each counts the more, the nearer the day is on which it is needed again. at: milliseconds."""
    rest = iter(candidates)
    near = [
        (item, round(score * nearness(due, at), 4) if (due := cycles.due(item)) else score, source, own)
        for item, score, source, own in islice(rest, FIRST)
    ]
    return chain(sorted(near, key=lambda candidate: -candidate[1]), rest)


def dated(kept: Iterable[Recommendation], cycles: Cycles) -> Iterator[Recommendation]:
    """With the day on which each is needed again, where that can be told."""
    for one in kept:
        due = cycles.due(one.item)
        yield one if due is None else msgspec.structs.replace(one, due=due)


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
