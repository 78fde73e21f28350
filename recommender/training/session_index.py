"""Past sessions into the arrays that serving asks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled, inlined
from recommender.session_index import SessionIndex
from recommender.training.transactions import Transactions

NEWEST = 1000
"""Entries kept per item: what the most demanding tuning looks at."""

FOLLOWERS = 60
"""Followers kept per item."""

SPAN = 10
"""Clicks after an item that count as following it, each 1 / distance."""


class Log(NamedTuple):
    """S sessions, the one that ended first in front. clicks: (C,) item rows. starts: (S + 1,)."""

    clicks: NDArray[np.int32]
    starts: NDArray[np.int64]

    def before(self, session: int) -> "Log":
        return Log(self.clicks[: self.starts[session]], self.starts[: session + 1])


def log_of(lines: Transactions) -> Log:
    """lines.item: rows. lines.basket: the session. Clicks of one second keep the order of the lines."""
    if not len(lines):
        return Log(np.zeros(0, np.int32), np.zeros(1, np.int64))
    _, session = np.unique(lines.basket, return_inverse=True)
    last = np.full(int(session.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(last, session, lines.at)
    number = np.empty(len(last), np.int64)
    number[np.argsort(last, kind="stable")] = np.arange(len(last))
    order = np.lexsort((lines.at, number[session]))
    starts = np.concatenate(([0], np.cumsum(np.bincount(number[session], minlength=len(last)))))
    return Log(np.ascontiguousarray(lines.item[order]), starts.astype(np.int64))


def index_sessions(log: Log, popularity: NDArray[np.float32]) -> SessionIndex:
    """popularity: (I,) by item row."""
    items, sessions = len(popularity), len(log.starts) - 1
    entry_starts, entries, places, frequency = _entries(log.clicks, log.starts, items)
    follow_starts, followers, follow_weights = _followers(log.clicks, log.starts, items)
    rarity = np.log(max(sessions, 1) / np.maximum(frequency, 1.0)) / max(np.log(max(sessions, 1)), 1.0)
    return SessionIndex(
        clicks=log.clicks,
        starts=log.starts,
        entry_starts=entry_starts,
        entries=entries,
        places=places,
        follow_starts=follow_starts,
        followers=followers,
        follow_weights=follow_weights,
        rarity=rarity.astype(np.float32),
        popularity=popularity,
    )


@compiled
def _entries(
    clicks: NDArray[np.int32], starts: NDArray[np.int64], items: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Each item once a session, at its last click there; the newest sessions first, NEWEST of them at most."""
    sessions = starts.size - 1
    seen = np.full(items, -1, np.int32)
    frequency = np.zeros(items, np.float64)
    for session in range(sessions):
        for place in range(starts[session], starts[session + 1]):
            if seen[clicks[place]] != session:
                seen[clicks[place]] = session
                frequency[clicks[place]] += 1
    bounds = np.zeros(items + 1, np.int64)
    for item in range(items):
        bounds[item + 1] = bounds[item] + min(np.int64(frequency[item]), NEWEST)
    entries, places = np.empty(bounds[items], np.int32), np.empty(bounds[items], np.int32)
    free = bounds[:-1].copy()
    seen[:] = -1
    for session in range(sessions - 1, -1, -1):
        for place in range(starts[session + 1] - 1, starts[session] - 1, -1):
            item = clicks[place]
            if seen[item] != session:
                seen[item] = session
                if free[item] < bounds[item + 1]:
                    entries[free[item]], places[free[item]] = session, place
                    free[item] += 1
    return bounds, entries, places, frequency


@compiled
def _followers(
    clicks: NDArray[np.int32], starts: NDArray[np.int64], items: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """What came within SPAN clicks after each item, 1 / distance each time; the FOLLOWERS strongest."""
    ends, bounds, order = _by_item(clicks, starts, items)
    gains, touched = np.zeros(items, np.float32), np.empty(items, np.int32)
    best, weights = np.empty(FOLLOWERS, np.int32), np.empty(FOLLOWERS, np.float32)
    follow_starts = np.zeros(items + 1, np.int64)
    rows = np.empty(min(items * FOLLOWERS, clicks.size * SPAN), np.int32)
    values = np.empty(rows.size, np.float32)
    for item in range(items):
        found = 0
        for o in range(bounds[item], bounds[item + 1]):
            found = _gather(clicks, order[o], ends[order[o]], (gains, touched), found)
        held = 0
        for t in range(found):
            held = _keep(best, weights, touched[t], gains[touched[t]], held)
            gains[touched[t]] = 0.0
        first = follow_starts[item]
        for n in range(held):
            rows[first + n], values[first + n] = best[n], weights[n] / weights[0]
        follow_starts[item + 1] = first + held
    end = follow_starts[items]
    return follow_starts, rows[:end].copy(), values[:end].copy()


@compiled
def _by_item(
    clicks: NDArray[np.int32], starts: NDArray[np.int64], items: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Where each click's session ends; where each item's clicks begin in the third, which holds their places."""
    ends, bounds = np.empty(clicks.size, np.int32), np.zeros(items + 1, np.int64)
    for session in range(starts.size - 1):
        for place in range(starts[session], starts[session + 1]):
            ends[place] = starts[session + 1]
            bounds[clicks[place] + 1] += 1
    bounds = np.cumsum(bounds)
    order, free = np.empty(clicks.size, np.int32), bounds[:-1].copy()
    for place in range(clicks.size):
        order[free[clicks[place]]] = place
        free[clicks[place]] += 1
    return ends, bounds, order


@inlined
def _gather(
    clicks: NDArray[np.int32], place: int, end: int, into: tuple[NDArray[np.float32], NDArray[np.int32]], found: int
) -> int:
    """Adds what follows the click at `place` to the gains; how many items have one then."""
    gains, touched = into
    for other in range(place + 1, min(end, place + SPAN + 1)):
        row = clicks[other]
        if row != clicks[place]:
            if gains[row] == 0.0:
                touched[found] = row
                found += 1
            gains[row] += 1.0 / (other - place)
    return found


@inlined
def _keep(best: NDArray[np.int32], weights: NDArray[np.float32], row: int, weight: float, held: int) -> int:
    """Inserts in falling order of weight; how many are held then."""
    if held == best.size and weight <= weights[held - 1]:
        return held
    at = min(held, best.size - 1)
    while at > 0 and (weight > weights[at - 1] or (weight == weights[at - 1] and row < best[at - 1])):
        best[at], weights[at] = best[at - 1], weights[at - 1]
        at -= 1
    best[at], weights[at] = row, weight
    return min(held + 1, best.size)
