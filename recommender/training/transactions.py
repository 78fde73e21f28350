"""What was bought, as plain arrays: the one form from which all models learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

NO_STORE = -1


@dataclass(frozen=True, eq=False)
class Transactions:
    """L lines. customers, items, stores: ids by number. customer, item, store, basket: (L,) numbers.

    store: NO_STORE where it was none. basket: of a purchase, or a session: what was wanted together.
    at: (L,) seconds since the epoch. Lines are in no order that means anything; repeated lines are allowed.
    """

    customers: Sequence[str]
    items: Sequence[str]
    stores: Sequence[str]
    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    store: NDArray[np.int32]
    basket: NDArray[np.int32]
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    def only(self, chosen: NDArray[np.bool_]) -> Transactions:
        """The chosen lines; numbers keep their meaning. chosen: (L,)."""
        return replace(
            self,
            customer=self.customer[chosen],
            item=self.item[chosen],
            store=self.store[chosen],
            basket=self.basket[chosen],
            at=self.at[chosen],
        )

    def until(self, moment: int) -> Transactions:
        """What happened before the moment (seconds)."""
        return self.only(self.at < moment)
