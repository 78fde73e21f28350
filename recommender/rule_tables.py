"""What merchandisers' rules say of each item of a model, by row: asked once for each set of rules that hold together.

The answer is kept until the item or a rule changes.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from recommender.merchandising import Steering
from recommender.model import Model
from retail.reference import Reference

TABLES = 64
"""Sets of rules that are remembered, the latest; two numbers an item each. Stores without own rules share one."""

NOT_ASKED = -1


class RuleTables(ABC):
    """tables: (2, I) numbers by item row, for each set of rules by their ids; NOT_ASKED where nobody asked yet."""

    dtype: type[np.int32] | type[np.float32]

    def __init__(self, model: Model, reference: Reference) -> None:
        self.items = model.items
        self._tables: dict[tuple[str, ...], NDArray[np.generic]] = {}
        self._rule_changes, self._item_changes = reference.rule_changes, reference.item_changes

    @abstractmethod
    def names(self, rules: Steering) -> tuple[str, ...]:
        """Ids of the rules that are asked."""

    @abstractmethod
    def told(self, rules: Steering, item: str) -> tuple[float, float]:
        """What they say of the item; the first is never NOT_ASKED."""

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where rules did, or more items than the reference remembers."""
        if reference.rule_changes != self._rule_changes:
            return False
        if reference.item_changes == self._item_changes:
            return True
        changed = reference.items_since(self._item_changes)
        if changed is None:
            return False
        rows = [row for row in model.rows(changed) if row >= 0]
        for table in self._tables.values():
            table[:, rows] = NOT_ASKED
        self._item_changes = reference.item_changes
        return True

    def of(self, rules: Steering, rows: NDArray[np.int32]) -> NDArray[np.generic]:
        """(2, n) numbers of n item rows."""
        table = self._table(rules)
        new = rows[table[0, rows] == NOT_ASKED]
        for row in np.unique(new).tolist() if len(new) else ():
            table[:, row] = self.told(rules, self.items[row])
        found: NDArray[np.generic] = table[:, rows]
        return found

    def _table(self, rules: Steering) -> NDArray[np.generic]:
        names = self.names(rules)
        known = self._tables.pop(names, None)
        if known is None:
            known = np.full((2, len(self.items)), NOT_ASKED, self.dtype)
        self._tables[names] = known
        if len(self._tables) > TABLES:
            del self._tables[next(iter(self._tables))]
        return known
