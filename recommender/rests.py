"""How long what a customer bought is not shown to them again, as merchandisers' rules declare it; pure."""

from collections.abc import Mapping
from typing import NamedTuple

from recommender.merchandising import Steering
from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.habits import RECORD as HABIT
from retail.history import interactions


class Rests(NamedTuple):
    """bought: when each item was bought last, seconds, by item key. at: seconds."""

    rules: Steering
    bought: Mapping[int, int]
    at: int

    def holds(self, item: str) -> bool:
        """Whether the item rests still."""
        last = self.bought.get(item_key(item))
        return last is not None and last > self.at - self.rules.rest(item)


def rests_of(state: CustomerState, rules: Steering | None, at: int) -> Rests | None:
    """None where no rule lets anything rest. at: milliseconds.

    The newest purchases are in the history; what was bought longer ago is in the repeat counters.
    """
    if rules is None or not rules.rests:
        return None
    bought = {item: last for item, _, last, *_ in HABIT.iter_unpack(state.habits)}
    for one in interactions(state.history):
        if one.kind == Interaction.BOUGHT:
            bought[one.item] = max(one.at, bought.get(one.item, 0))
    return Rests(rules, bought, at // 1000)
