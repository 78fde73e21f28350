"""How much a customer leans towards offers: by what is bought again and again, and by what was looked at lately."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled
from recommender.offer_index import OfferIndex
from recommender.policy import GatePolicy
from recommender.records import HABIT, INTERACTION
from retail.customers import CustomerState, Interaction
from retail.instants import whole_seconds

_VIEWED = int(Interaction.VIEWED)
_ADDED = int(Interaction.ADDED)


class Evidence(NamedTuple):
    """The item that speaks most for an offer. strength: 1 is one purchase just now. bought: or else looked at."""

    item: str
    strength: float
    bought: bool


class Leanings:
    """A customer's leaning towards each of N offers, by number.

    strengths: (N,) of all the customer's items that the offer is about, together; 1 is one purchase just now.
    """

    def __init__(self, state: CustomerState, index: OfferIndex, at: int, policy: GatePolicy) -> None:
        """at: milliseconds."""
        about = index.about
        self.strengths, self._peaks, self._items, self._bought = lean(
            np.frombuffer(state.habits, HABIT),
            np.frombuffer(state.history, INTERACTION),
            (float(whole_seconds(at)), policy.habit_decay_s, policy.interest),
            (about.keys, about.starts, about.numbers),
            len(index.offers),
        )
        self._about = about

    def evidence(self, number: int) -> Evidence | None:
        """None where nothing of the customer speaks for the offer."""
        item = int(self._items[number])
        if item < 0:
            return None
        return Evidence(self._about.items[item], float(self._peaks[number]), bool(self._bought[number]))


_Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]
_Lists = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]


@compiled
def lean(
    habits: NDArray[np.void],
    history: NDArray[np.void],
    weights: tuple[float, float, float],
    about: _Lists,
    offers: int,
) -> _Found:
    """weights: now (seconds), decay (seconds), what a look is worth. about: keys, starts, numbers of `About`.

    Four arrays by offer: strength, strength of the strongest item, that item's row in `about` or -1, was it bought.
    """
    now, decay, interest = weights
    found = (np.zeros(offers), np.zeros(offers), np.full(offers, -1), np.zeros(offers, np.bool_))
    for i in range(habits.size):
        row = _row(about[0], habits[i]["item"])
        if row >= 0:
            age = max(0.0, now - habits[i]["last"])
            _add(found, about, row, habits[i]["value"] * math.exp(-age / decay), True)
    for i in range(history.size):
        kind = history[i]["kind"]
        if kind in (_VIEWED, _ADDED):
            row = _row(about[0], history[i]["item"])
            if row >= 0:
                _add(found, about, row, interest, False)
    return found


@compiled
def _add(found: _Found, about: _Lists, row: int, strength: float, bought: bool) -> None:
    strengths, peaks, items, were_bought = found
    _, starts, numbers = about
    for place in range(starts[row], starts[row + 1]):
        number = numbers[place]
        strengths[number] += strength
        if strength > peaks[number]:
            peaks[number] = strength
            items[number] = row
            were_bought[number] = bought


@compiled
def _row(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """The place of the key, -1 where it is not."""
    low, high = 0, keys.size
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < keys.size and keys[low] == key else -1
