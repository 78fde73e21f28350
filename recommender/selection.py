"""The last choice among what may be shown: not too many of a kind, nothing that was bought just now."""

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
    _categories: dict[str, int] = field(default_factory=dict)
    _families: dict[tuple[str, str], int] = field(default_factory=dict)

    def rests(self, item: str) -> bool:
        return bool(self.bought) and item_key(item) in self.bought

    def surplus(self, item: str) -> str:
        """Why there are enough of its kind, "" where there are not."""
        known = self.catalog.get(item)
        if known is None or not known.category:
            return ""
        if 0 < self.recipe.per_category <= self._categories.get(known.category, 0):
            return CATEGORY_FULL
        if known.brand and 0 < self.recipe.per_family <= self._families.get((known.category, known.brand), 0):
            return FAMILY_FULL
        return ""

    def take(self, item: str) -> None:
        known = self.catalog.get(item)
        if known is not None:
            family = known.category, known.brand
            self._categories[known.category] = self._categories.get(known.category, 0) + 1
            self._families[family] = self._families.get(family, 0) + 1


def bought_within(state: CustomerState, recipe: Recipe, at: int) -> frozenset[int]:
    """Keys of the items bought within the recipe's rest. at: milliseconds."""
    rest = int(recipe.rest.total_seconds())
    if not rest:
        return frozenset()
    since = at // 1000 - rest
    return frozenset(
        one.item for one in interactions(state.history) if one.kind == Interaction.BOUGHT and one.at > since
    )
