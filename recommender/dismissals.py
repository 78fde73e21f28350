"""What is not shown because the customer waved it away: the item, and on `home` a category of several such; pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from retail.catalog import Item, category_key, item_key
from retail.customers import CustomerState
from retail.dismissals import dismissals
from retail.habits import all_habits

DISMISSED = "dismissed"
CATEGORY_DISMISSED = "category_dismissed"


@dataclass(frozen=True)
class DismissalPolicy:
    """item: how long an item is shown nowhere; a season, since tastes change. several: items of one category that were
    waved away within `within`, from which `home` goes without that category for `category`, counted from the newest:
    once may be a bad item, three times is a wish.

    What is bought after it was waved away is shown again.
    """

    item: timedelta = timedelta(days=90)
    several: int = 3
    within: timedelta = timedelta(days=30)
    category: timedelta = timedelta(days=14)


POLICY = DismissalPolicy()


class Dismissals(NamedTuple):
    """Keys of the items and categories that are not shown."""

    items: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()

    def reason(self, item: str, known: Item | None) -> str:
        """Why the item is left out, "" where it may stay. known: what the catalogue says of it."""
        if item_key(item) in self.items:
            return DISMISSED
        if self.categories and known is not None and category_key(known.category) in self.categories:
            return CATEGORY_DISMISSED
        return ""


NONE = Dismissals()


def dismissals_of(state: CustomerState, at: int, home: bool = False, policy: DismissalPolicy = POLICY) -> Dismissals:
    """at: milliseconds. home: whether categories count, too: elsewhere the customer asked for the category."""
    if not state.dismissed:
        return NONE
    now = at // 1000
    bought = {habit.item: habit.last for habit in all_habits(state.habits)}
    holding = [one for one in dismissals(state.dismissed) if one.at >= bought.get(one.item, 0)]
    since = now - int(policy.item.total_seconds())
    items = frozenset(one.item for one in holding if one.at > since)
    if not home:
        return Dismissals(items)
    newest = {one.category: one.at for one in holding if one.category}
    counted = Counter(
        one.category for one in holding if one.at > newest.get(one.category, 0) - policy.within.total_seconds()
    )
    resting = now - int(policy.category.total_seconds())
    full = (name for name, last in newest.items() if last > resting and counted[name] >= policy.several)
    return Dismissals(items, frozenset(full))
