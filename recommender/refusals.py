"""What a household may not be shown, remembered by item: a slate for a zone looks at hundreds of items, each anew.

Refusals that depend on the item, the household and the store alone are the same for everybody with such a household;
what is in the cart, on the screen or was waved away is looked at each time. What changes in the catalogue is forgotten.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from recommender.derived import Derived
from recommender.dismissals import NONE
from recommender.filters import IN_CART, IN_VIEW, Filters
from recommender.model import Model
from retail.reference import Reference

HOUSEHOLDS = 64
"""Kinds of households that are remembered, those asked about last."""

ITEMS = 4_000
"""Items from which those of a kind are forgotten, and asked about anew; some 25 MB in all at most."""

Kind = tuple[frozenset[str], frozenset[str], int | None, str]
"""Allergens, diets, age, and the store."""


class Known(dict[str, str]):
    """By item why a household of this kind is not shown it, "" where it is; what nobody asked about yet is asked."""

    impersonal: Callable[[str], str]

    def __missing__(self, item: str) -> str:
        reason = self[item] = self.impersonal(item)
        return reason


@dataclass(frozen=True, slots=True)
class Remembering:
    """Refuses as its filters do. known: what of it holds for every household of the kind."""

    known: Known
    refusal: Callable[[str], str]


def _with_personal(known: Known, filters: Filters) -> Callable[[str], str]:
    """In the order in which `Filters.refusal` asks."""

    def refusal(item: str) -> str:
        if reason := known[item]:
            return reason
        if item in filters.cart:
            return IN_CART
        if filters.dismissed is not NONE and (reason := filters.dismissed.reason(item, filters.catalog.get(item))):
            return reason
        return IN_VIEW if item == filters.in_view else ""

    return refusal


class Refusals:
    """Of the households asked about last."""

    def __init__(self, model: Model, reference: Reference) -> None:
        self._changes = reference.item_changes
        self._empty = not reference.items
        self._known: OrderedDict[Kind, Known] = OrderedDict()

    def follow(self, model: Model, reference: Reference) -> bool:
        """Forgets what changed since; False where that is more than the reference remembers."""
        if reference.item_changes == self._changes:
            return True
        changed = reference.items_since(self._changes)
        if changed is None or self._empty != (not reference.items):
            return False
        for known in self._known.values():
            for item in changed:
                known.pop(item, None)
        self._changes = reference.item_changes
        return True

    def of(self, filters: Filters) -> Remembering:
        kind = filters.allergens, filters.diets, filters.age, filters.store
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = Known()
        self._known.move_to_end(kind)
        if len(known) > ITEMS:
            known.clear()
        if len(self._known) > HOUSEHOLDS:
            self._known.popitem(last=False)
        known.impersonal = msgspec.structs.replace(filters, cart=frozenset(), in_view="", dismissed=NONE).refusal
        personal = filters.cart != {} or filters.in_view or filters.dismissed is not NONE
        return Remembering(known, _with_personal(known, filters) if personal else known.__getitem__)


def remembering(filters: Filters, model: Model, reference: Reference) -> Filters | Remembering:
    """The filters, or for a household with an allergen or a diet, where each look is long, what is remembered of it."""
    return _refusals.of(model, reference).of(filters) if filters.allergens or filters.diets else filters


_refusals = Derived(Refusals)
