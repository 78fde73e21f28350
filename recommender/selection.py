"""The last choice among what may be shown: not too many of a kind, nothing that was bought just now."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from recommender.placements import Recipe
from retail.catalog import Item, item_key
from retail.customers import CustomerState, Interaction
from retail.history import interactions

CATEGORY_FULL = "category_full"
FAMILY_FULL = "family_full"


@dataclass(slots=True)
class Selection:
    """A family is one brand within a category; items without a category or a brand are of none.

    bought: keys of the items bought within the recipe's rest.
    """

    recipe: Recipe
    catalog: Mapping[str, Item]
    bought: Collection[int]
    _categories: Counter[str] = field(default_factory=Counter)
    _families: Counter[tuple[str, str]] = field(default_factory=Counter)

    def rests(self, item: str) -> bool:
        return bool(self.bought) and item_key(item) in self.bought

    def surplus(self, item: str) -> str:
        """Why there are enough of its kind, "" where there are not."""
        category, brand = self._kind(item)
        if category and 0 < self.recipe.per_category <= self._categories[category]:
            return CATEGORY_FULL
        if category and brand and 0 < self.recipe.per_family <= self._families[category, brand]:
            return FAMILY_FULL
        return ""

    def take(self, item: str) -> None:
        category, brand = self._kind(item)
        self._categories[category] += 1
        self._families[category, brand] += 1

    def _kind(self, item: str) -> tuple[str, str]:
        known = self.catalog.get(item)
        return (known.category, known.brand) if known else ("", "")


def bought_within(state: CustomerState, recipe: Recipe, at: int) -> frozenset[int]:
    """Keys of the items bought within the recipe's rest. at: milliseconds."""
    rest = int(recipe.rest.total_seconds())
    if not rest:
        return frozenset()
    since = at // 1000 - rest
    return frozenset(
        one.item for one in interactions(state.history) if one.kind == Interaction.BOUGHT and one.at > since
    )
