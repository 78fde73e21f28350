"""Real receipts as plain arrays: one year of baskets of 2,469 households, in time order."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from caudal.demo.tables import Column, integers, milliseconds, table

COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]


@dataclass(frozen=True)
class Receipt:
    """One basket. at: milliseconds. items: product numbers. prices: of one unit, cents."""

    number: int
    household: int
    store: int
    at: int
    items: npt.NDArray[np.int32]
    quantities: npt.NDArray[np.int32]
    prices: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Receipts:
    """Baskets in time order; `starts` has one entry more than there are baskets.

    Per basket: number, household, store, at (milliseconds). Per line: items, quantities, prices (cents a unit).
    """

    number: Column
    household: Column
    store: Column
    at: Column
    starts: Column
    items: npt.NDArray[np.int32]
    quantities: npt.NDArray[np.int32]
    prices: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, row: int) -> Receipt:
        lines = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return Receipt(
            number=int(self.number[row]),
            household=int(self.household[row]),
            store=int(self.store[row]),
            at=int(self.at[row]),
            items=self.items[lines],
            quantities=self.quantities[lines],
            prices=self.prices[lines],
        )

    def __iter__(self) -> Iterator[Receipt]:
        return (self[row] for row in range(len(self)))

    def between(self, first: int, last: int) -> "Receipts":
        """The baskets of rows [first, last)."""
        lines = slice(int(self.starts[first]), int(self.starts[last]))
        return Receipts(
            number=self.number[first:last],
            household=self.household[first:last],
            store=self.store[first:last],
            at=self.at[first:last],
            starts=self.starts[first : last + 1] - self.starts[first],
            items=self.items[lines],
            quantities=self.quantities[lines],
            prices=self.prices[lines],
        )

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "Receipts":
        """Raises OSError, ValueError, KeyError, zipfile.BadZipFile."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


def read_receipts(sold: Column) -> Receipts:
    """All baskets, with only the lines that name a product of `sold` and a quantity.

    What falls away: fuel (its "quantity" is thousandths of a gallon), coupons booked as products, and lines of
    quantity 0. A basket of nothing else falls away whole.
    """
    lines = table("transactions", COLUMNS)
    kept = (integers(lines, "quantity") > 0) & np.isin(integers(lines, "product_id"), sold)
    basket = integers(lines, "basket_id")[kept]
    at = milliseconds(lines, "transaction_timestamp")[kept]
    order = np.lexsort((basket, at))
    basket, at = basket[order], at[order]
    heads = np.flatnonzero(np.r_[True, basket[1:] != basket[:-1]])
    quantity = integers(lines, "quantity")[kept][order]
    cents = np.rint(lines["sales_value"].to_numpy()[kept][order] * 100 / quantity)
    return Receipts(
        number=basket[heads],
        household=integers(lines, "household_id")[kept][order][heads],
        store=integers(lines, "store_id")[kept][order][heads],
        at=at[heads],
        starts=np.r_[heads, len(basket)].astype(np.int64),
        items=integers(lines, "product_id")[kept][order].astype(np.int32),
        quantities=quantity.astype(np.int32),
        prices=cents.astype(np.int32),
    )
