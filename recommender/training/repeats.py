"""How each item is bought again: how often it is a repeat, and after how many days."""

import math

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import sealed
from recommender.rank_features import DAY, SHORTEST, Repeats
from recommender.training.transactions import Transactions

PRIOR = 10.0
"""Purchases for which the shop's mean counts, so that an item that was bought twice says little by itself."""

MONTH = 30.0
"""Days, where nobody ever bought anything twice."""


def repeats(lines: Transactions, names: list[str]) -> Repeats:
    """names: items by row. Means of gaps are of their logarithms, because a few are very long.

    Both are rounded, to a twentieth and to half a power of two, so that they do not tell one item from another.
    """
    customer, row, at = _ordered(lines, names)
    same = (customer[1:] == customer[:-1]) & (row[1:] == row[:-1]) & (at[1:] > at[:-1])
    again = row[1:][same]
    gaps = np.log(np.maximum((at[1:] - at[:-1])[same] / DAY, SHORTEST))
    bought, repeated = np.bincount(row, minlength=len(names)), np.bincount(again, minlength=len(names))
    share = repeated.sum() / max(bought.sum(), 1)
    usual = gaps.mean() if len(gaps) else np.log(MONTH)
    total = np.bincount(again, gaps, len(names))
    powers = (total + PRIOR * usual) / (repeated + PRIOR) / math.log(2)
    again_share = np.rint((repeated + PRIOR * share) / (bought + PRIOR) * 20) / 20
    columns = (again_share.astype(np.float32), np.exp2(np.rint(2 * powers) / 2).astype(np.float32))
    return Repeats(*map(sealed, columns))  # type: ignore[arg-type]


def _ordered(lines: Transactions, names: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Customer, item row and time of the lines of known items, by customer, item and time."""
    rows = {name: row for row, name in enumerate(names)}
    row_of = np.array([rows.get(item, -1) for item in lines.items], np.int64)
    row = row_of[lines.item]
    order = np.lexsort((lines.at, row, lines.customer))
    order = order[row[order] >= 0]
    return lines.customer[order], row[order], lines.at[order]
