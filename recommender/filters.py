"""What may not be on a slate, whatever led to it: the last look before an answer, on every path to it.

What concerns safety (recall, age, the household's allergens and diets) fails closed: what is not known is refused.
"""

from collections.abc import Container, Mapping

import msgspec

from recommender.dismissals import CATEGORY_DISMISSED, DISMISSED, NONE, Dismissals, dismissals_of
from retail.catalog import Item
from retail.customers import CustomerState
from retail.household import age_of, with_shared
from retail.ingredients import ALLERGEN, DIET, UNKNOWN_INGREDIENTS, unfit

UNKNOWN = "unknown"
UNAVAILABLE = "unavailable"
RECALLED = "recalled"
TOO_YOUNG = "too_young"
UNKNOWN_AGE = "unknown_age"
NOT_IN_STORE = "not_in_store"
IN_CART = "in_cart"
IN_VIEW = "in_view"
JUST_BOUGHT = "just_bought"

EXCLUDED_BY = "excluded by "
"""What the reason begins with where a merchandiser's rule wants it so; the rule's id follows."""

REASONS = (
    "",
    UNKNOWN,
    UNAVAILABLE,
    IN_CART,
    IN_VIEW,
    RECALLED,
    TOO_YOUNG,
    UNKNOWN_AGE,
    ALLERGEN,
    DIET,
    UNKNOWN_INGREDIENTS,
    NOT_IN_STORE,
    JUST_BOUGHT,
    DISMISSED,
    CATEGORY_DISMISSED,
)
"""Why an item is dropped, by code; 0 lets it pass."""


class Filters(msgspec.Struct, frozen=True):
    """catalog: items by id; while it is empty nothing is known about any item, and only a household's allergens and
    diets refuse one.

    cart: what the customer already holds. in_view: the item on the customer's screen, "" for none. store: where the
    customer is, "" for none. allergens, diets: of the household. age: whole years, None where unknown.
    dismissed: what the customer waved away.
    """

    catalog: Mapping[str, Item]
    cart: Container[str] = frozenset()
    in_view: str = ""
    store: str = ""
    allergens: frozenset[str] = frozenset()
    diets: frozenset[str] = frozenset()
    age: int | None = None
    dismissed: Dismissals = NONE

    def refusal(self, item: str) -> str:
        """Why the item is left out, "" where it may stay."""
        known = self.catalog.get(item)
        if known is None and self.catalog:
            return UNKNOWN
        if known is not None and not known.available:
            return UNAVAILABLE
        known = known or Item(id=item)
        if reason := self._danger(known) or self._absence(known):
            return reason
        if item in self.cart:
            return IN_CART
        if self.dismissed is not NONE and (reason := self.dismissed.reason(item, known)):
            return reason
        return IN_VIEW if item == self.in_view else ""

    def forbidden(self, item: str) -> str:
        """Why the item would be a danger to this customer; of an item that is not in the catalogue nothing is known."""
        return self._danger(self.catalog.get(item) or Item(id=item))

    def missing(self, item: str) -> str:
        """Whether the store has none of it; a catalogue that does not tell stock by store is believed."""
        return self._absence(self.catalog.get(item) or Item(id=item))

    def _danger(self, item: Item) -> str:
        if item.recalled:
            return RECALLED
        if item.age > 0 and (self.age is None or self.age < item.age):
            return UNKNOWN_AGE if self.age is None else TOO_YOUNG
        return unfit(item, self.allergens, self.diets)

    def _absence(self, item: Item) -> str:
        if not self.store or item.stock is None:
            return ""
        return "" if item.stock.get(self.store, 0) > 0 else NOT_IN_STORE


def filters_of(
    state: CustomerState,
    catalog: Mapping[str, Item],
    at: int,
    store: str = "",
    in_view: str = "",
) -> Filters:
    """The filters of one customer. at: milliseconds, for their age."""
    household = with_shared(state.household, state.shared.values())
    return Filters(
        catalog,
        cart=state.cart,
        in_view=in_view,
        store=store,
        allergens=frozenset(household.allergens),
        diets=frozenset(household.diets),
        age=age_of(household, at),
        dismissed=dismissals_of(state, at),
    )


def at_home(filters: Filters, state: CustomerState, at: int) -> Filters:
    """Where the customer asked for no category, those of which they waved much away are left out too."""
    if not state.dismissed:
        return filters
    return msgspec.structs.replace(filters, dismissed=dismissals_of(state, at, home=True))


def is_conditional(item: Item) -> bool:
    """Whether it depends on the customer, though nobody of the household has an allergen or a diet."""
    return item.age > 0 or item.stock is not None
