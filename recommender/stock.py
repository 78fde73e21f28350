"""Which of a model's items may be shown as things stand in the catalogue, by row, kept up with every change."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.derived import Derived
from recommender.filters import REASONS, Filters, is_conditional
from recommender.model import Model
from retail.catalog import Item
from retail.reference import Reference

OLD_ENOUGH = 1 << 30
"""An age that no item forbids."""

CODES = {reason: code for code, reason in enumerate(REASONS)}


class Stock:
    """items: of the model, by row. codes: (I,) of `recommender.filters.REASONS`. conditional: (I,) whether more is to
    be asked about the item, with the customer in hand."""

    def __init__(self, model: Model, reference: Reference) -> None:
        self.items = model.items
        self._changes = reference.item_changes
        self._known = bool(reference.items)
        refusal = _impersonal(reference)
        conditional = (_is_conditional(reference.items.get(item)) for item in model.items)
        self.conditional: NDArray[np.bool_] = np.fromiter(conditional, np.bool_, len(model.items))
        self.codes: NDArray[np.uint8] = np.fromiter(
            (CODES[refusal(item)] for item in model.items), np.uint8, len(model.items)
        )
        self._conditional_items = int(self.conditional.sum())

    @property
    def any_conditional(self) -> bool:
        return self._conditional_items > 0

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where that is more than the reference remembers."""
        if reference.item_changes == self._changes:
            return True
        changed = reference.items_since(self._changes)
        if changed is None or self._known != bool(reference.items):
            return False
        refusal = _impersonal(reference)
        for item, row in zip(changed, model.rows(changed), strict=True):
            if row >= 0:
                self._put(row, refusal(item), _is_conditional(reference.items.get(item)))
        self._changes = reference.item_changes
        return True

    def _put(self, row: int, reason: str, conditional: bool) -> None:
        self._conditional_items += conditional - int(self.conditional[row])
        self.codes[row], self.conditional[row] = CODES[reason], conditional


def _impersonal(reference: Reference) -> Callable[[str], str]:
    """What holds for whoever it is: somebody old enough, with no household."""
    return Filters(reference.items, age=OLD_ENOUGH).refusal


def _is_conditional(item: Item | None) -> bool:
    return item is not None and is_conditional(item)


def stock_of(model: Model, reference: Reference) -> Stock:
    """The stock as of now. Making it anew takes about a microsecond an item: see `Derived`."""
    return _stocks.of(model, reference)


_stocks = Derived(Stock)
