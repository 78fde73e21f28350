"""Items wanted together: neighbours by shared baskets and sessions, the closer the stronger."""

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled, inlined
from recommender.policy import TrainingPolicy
from recommender.training.transactions import Transactions


def together(lines: Transactions, items: int, policy: TrainingPolicy) -> dict[str, NDArray[np.generic]]:
    """The arrays `together` and `together_weights`, (I, N), of a shelf of `items` rows.

    Two items of a group count 1 / (distance in its order); items of one moment, as on a receipt, have distance 1.
    Counts are damped by the group's length and by the neighbour's own frequency, and scaled to at most 1.
    """
    order = np.lexsort((lines.item, lines.at, lines.basket))
    groups = _group_starts(lines.basket[order])
    members = np.ascontiguousarray(lines.item[order])
    places = np.lexsort((np.arange(len(members)), members))
    item_starts = np.searchsorted(members[places], np.arange(items + 1))
    frequency = np.bincount(members, minlength=items).astype(np.float64)
    rows, weights = _neighbours(
        (groups, _group_of(groups), members, np.ascontiguousarray(lines.at[order])),
        (item_starts, places),
        frequency**policy.damping,
        (policy.neighbours, policy.reach),
        (policy.backward, policy.size_damping),
    )
    largest = weights.max(initial=0.0)
    return {"together": rows, "together_weights": (weights / largest if largest > 0 else weights).astype(np.float32)}


def _group_starts(groups: NDArray[np.int32]) -> NDArray[np.int64]:
    """(G + 1,) where each group of the sorted column begins."""
    changes = np.flatnonzero(np.diff(groups)) + 1
    ends = [len(groups)] if len(groups) else []
    return np.concatenate(([0], changes, ends)).astype(np.int64)


def _group_of(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(L,) group number of each member."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


@compiled
def _neighbours(
    groups: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]],
    index: tuple[NDArray[np.int64], NDArray[np.int64]],
    damping: NDArray[np.float64],
    sizes: tuple[int, int],
    shares: tuple[float, float],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    starts, group_of, members, at = groups
    item_starts, places = index
    items = damping.size
    rows, weights = np.zeros((items, sizes[0]), np.int32), np.zeros((items, sizes[0]), np.float64)
    gains, touched = np.zeros(items, np.float64), np.empty(items, np.int32)
    for item in range(items):
        count = 0
        for p in range(item_starts[item], item_starts[item + 1]):
            first, last = starts[group_of[places[p]]], starts[group_of[places[p]] + 1]
            share = (last - first) ** shares[1]
            for other in range(max(first, places[p] - sizes[1]), min(last, places[p] + sizes[1] + 1)):
                if members[other] != item:
                    if gains[members[other]] == 0.0:
                        touched[count] = members[other]
                        count += 1
                    gains[members[other]] += _gain(at, places[p], other, shares[0]) / share
        own = item_starts[item + 1] - item_starts[item]
        for t in range(count):
            _place(rows[item], weights[item], touched[t], gains[touched[t]] / (damping[touched[t]] * own))
            gains[touched[t]] = 0.0
    return rows, weights


@inlined
def _gain(at: NDArray[np.int64], place: int, other: int, backward: float) -> float:
    """What the item at `other` gains from standing there beside the one at `place`."""
    if at[other] == at[place]:
        return 1.0
    return 1.0 / (other - place) if other > place else backward / (place - other)


@inlined
def _place(rows: NDArray[np.int32], weights: NDArray[np.float64], row: int, weight: float) -> None:
    """Into a list in falling order of weight, if it is among the best; weight 0 marks a free place."""
    at = rows.size
    while at > 0 and (weight > weights[at - 1] or (weight == weights[at - 1] and row < rows[at - 1])):
        if at < rows.size:
            weights[at] = weights[at - 1]
            rows[at] = rows[at - 1]
        at -= 1
    if at < rows.size:
        weights[at] = weight
        rows[at] = row
