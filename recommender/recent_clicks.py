"""The newest clicks of everybody, and the sessions they make: what the session kernel is asked beside the trained ones.

A set with a bound: whatever order or pieces the clicks come in, and however often one is repeated, the same are kept,
so the index is what one built from the whole log at once would be.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.records import CLICK
from recommender.session_build import Log, index_sessions
from recommender.session_index import SessionIndex
from recommender.shelf import Shelf
from retail.customers import Interaction

Clicks = NDArray[np.void]
"""Records of `CLICK`."""

NO_CLICKS = np.zeros(0, CLICK)

STEPS = 64
"""Clicks of one session that are kept in the index, the newest: who clicks on for hours is a machine."""

_IN_ORDER = ("kind", "channel", "store", "item", "session", "at")


def newest(kept: Clicks, new: Clicks, most: int, span: int) -> Clicks:
    """Of both the distinct ones, by time: the newest `most`, of the last `span` milliseconds before the newest."""
    both = np.concatenate((kept, new))
    if not len(both):
        return both
    both = both[np.lexsort([both[name] for name in _IN_ORDER])]
    same = np.ones(len(both) - 1, np.bool_)
    for name in _IN_ORDER:
        same &= both[name][1:] == both[name][:-1]
    both = both[np.concatenate(([True], ~same))]
    oldest = max(int(both["at"][-1]) - span, 0)
    return both[max(int(np.searchsorted(both["at"], oldest)), len(both) - most) :]


def live_index(clicks: Clicks, shelf: Shelf) -> SessionIndex:
    """Sessions of two clicks or more on items of the shelf; one of a single click says nothing of what comes next.

    clicks: of `newest`. What the shelf does not know is left out, and waits for a model that does.
    """
    looked = (clicks["kind"] == Interaction.VIEWED) | (clicks["kind"] == Interaction.ADDED)
    rows = _rows(shelf, clicks["item"])
    chosen = looked & (rows >= 0)
    return index_sessions(_log(clicks["session"][chosen], rows[chosen]), shelf.popularity)


def _rows(shelf: Shelf, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    """-1 where the shelf does not know the item."""
    if not len(shelf.keys):
        return np.full(len(keys), -1, np.int32)
    places = np.minimum(np.searchsorted(shelf.keys, keys), len(shelf.keys) - 1)
    return np.where(shelf.keys[places] == keys, shelf.rows[places], -1).astype(np.int32)


def _log(session: NDArray[np.uint64], rows: NDArray[np.int32]) -> Log:
    """By time in, by session out, the one that ended first in front. An item clicked twice in a row is one click."""
    if not len(rows):
        return Log(np.zeros(0, np.int32), np.zeros(1, np.int64))
    _, number = np.unique(session, return_inverse=True)
    number, rows = _without_repeats(number, rows)
    ended = np.zeros(int(number.max()) + 1, np.int64)
    ended[number] = np.arange(len(number))
    lengths = np.bincount(number)
    place = np.empty(len(ended), np.int64)
    place[np.argsort(ended, kind="stable")] = np.arange(len(ended))
    order = np.argsort(place[number], kind="stable")
    turn = place[number][order]
    starts = np.concatenate(([0], np.cumsum(np.bincount(turn))))
    behind = starts[turn + 1] - np.arange(len(turn))
    lasting = (behind <= STEPS) & (lengths[number][order] > 1)
    counts = np.bincount(turn[lasting], minlength=len(ended))
    return Log(
        np.ascontiguousarray(rows[order][lasting]),
        np.concatenate(([0], np.cumsum(counts[counts > 0]))).astype(np.int64),
    )


def _without_repeats(number: NDArray[np.int64], rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    order = np.argsort(number, kind="stable")
    again = (number[order][1:] == number[order][:-1]) & (rows[order][1:] == rows[order][:-1])
    kept = np.sort(order[np.concatenate(([True], ~again))])
    return number[kept], rows[kept]
