"""Past sessions into the arrays that serving asks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled, inlined
from recommender.session_index import SessionIndex, read_only

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


def index_sessions(log: Log, popularity: NDArray[np.float32]) -> SessionIndex:
    """popularity: (I,) by item row. Read-only."""
    items, sessions = len(popularity), len(log.starts) - 1
    entry_starts, entries, places, frequency = _entries(log.clicks, log.starts, items)
    follow_starts, followers, follow_weights = _followers(log.clicks, log.starts, items)
    index = SessionIndex(
        clicks=log.clicks,
        starts=log.starts,
        entry_starts=entry_starts,
        entries=entries,
        places=places,
        follow_starts=follow_starts,
        followers=followers,
        follow_weights=follow_weights,
        rarity=_rarity(frequency, sessions),
        popularity=popularity,
    )
    return read_only(index)


def warm_up() -> None:
    """Compiles all of it: where that happens in a thread, nobody else's Python runs meanwhile."""
    tiny = index_sessions(Log(np.zeros(2, np.int32), np.array([0, 2], np.int64)), np.ones(1, np.float32))
    joined(tiny, tiny)


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
    follow_starts = np.zeros(items + 1, np.int64)
    rows = np.empty(min(items * FOLLOWERS, clicks.size * SPAN), np.int32)
    values = np.empty(rows.size, np.float32)
    for item in range(items):
        found = 0
        for o in range(bounds[item], bounds[item + 1]):
            found = _gather(clicks, order[o], ends[order[o]], (gains, touched), found)
        follow_starts[item + 1] = _write((gains, touched), found, follow_starts[item], (rows, values))
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


@compiled
def _write(
    gained: tuple[NDArray[np.float32], NDArray[np.int32]],
    found: int,
    first: int,
    into: tuple[NDArray[np.int32], NDArray[np.float32]],
) -> int:
    """The FOLLOWERS strongest from place `first` on, the largest being 1, and clears the gains; where they end."""
    gains, touched = gained
    best, weights = into[0][first : first + FOLLOWERS], into[1][first : first + FOLLOWERS]
    held = 0
    for t in range(found):
        held = _keep(best, weights, touched[t], gains[touched[t]], held)
        gains[touched[t]] = 0.0
    if held:
        weights[:held] /= weights[0]
    return first + held


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


def joined(trained: SessionIndex, live: SessionIndex) -> SessionIndex:
    """The index of both logs, over the same items, the live sessions being the newer ones.

    Of neighbours what one build over both logs gives; of followers nearly: an index keeps their shares, and those of
    an item count here by how many sessions had it.
    """
    sessions, more = len(trained.starts) - 1, len(live.starts) - 1
    if not sessions or not more:
        return live if more else trained
    frequency, added = _frequencies(trained), _frequencies(live)
    entry_starts, entries, places = _joined_entries(trained, live)
    follow_starts, followers, follow_weights = _joined_followers(trained, live, frequency, added)
    joint = SessionIndex(
        clicks=np.concatenate((trained.clicks, live.clicks)),
        starts=np.concatenate((trained.starts, live.starts[1:] + trained.starts[-1])),
        entry_starts=entry_starts,
        entries=entries,
        places=places,
        follow_starts=follow_starts,
        followers=followers,
        follow_weights=follow_weights,
        rarity=_rarity(frequency + added, sessions + more),
        popularity=trained.popularity,
    )
    return read_only(joint)


def _rarity(frequency: NDArray[np.float64], sessions: int) -> NDArray[np.float32]:
    """frequency: (I,) sessions with the item."""
    rarest = np.log(max(sessions, 1))
    rarity: NDArray[np.float32] = ((rarest - np.log(np.maximum(frequency, 1.0))) / max(rarest, 1.0)).astype(np.float32)
    return rarity


def _frequencies(index: SessionIndex) -> NDArray[np.float64]:
    """(I,) sessions with each item: counted where all are kept, else out of the rarity."""
    kept = np.diff(index.entry_starts)
    rarest = np.log(max(len(index.starts) - 1, 1))
    told = np.rint(np.exp(rarest - index.rarity.astype(np.float64) * max(rarest, 1.0)))
    return np.where(kept < NEWEST, kept, told).astype(np.float64)


@compiled
def _joined_entries(
    trained: SessionIndex, live: SessionIndex
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """An item's live entries first, then the trained ones, NEWEST at most."""
    items = trained.entry_starts.size - 1
    sessions, clicks = trained.starts.size - 1, trained.clicks.size
    bounds = np.zeros(items + 1, np.int64)
    for item in range(items):
        own = trained.entry_starts[item + 1] - trained.entry_starts[item]
        bounds[item + 1] = bounds[item] + min(own + live.entry_starts[item + 1] - live.entry_starts[item], NEWEST)
    entries, places = np.empty(bounds[items], np.int32), np.empty(bounds[items], np.int32)
    for item in range(items):
        place, end = bounds[item], bounds[item + 1]
        for entry in range(live.entry_starts[item], min(live.entry_starts[item + 1], live.entry_starts[item] + NEWEST)):
            entries[place], places[place] = live.entries[entry] + sessions, live.places[entry] + clicks
            place += 1
        first = trained.entry_starts[item]
        for n in range(end - place):
            entries[place + n], places[place + n] = trained.entries[first + n], trained.places[first + n]
    return bounds, entries, places


@compiled
def _joined_followers(
    trained: SessionIndex, live: SessionIndex, frequency: NDArray[np.float64], added: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    items = trained.follow_starts.size - 1
    gains, touched = np.zeros(items, np.float32), np.empty(2 * FOLLOWERS, np.int32)
    follow_starts = np.zeros(items + 1, np.int64)
    rows = np.empty(trained.followers.size + live.followers.size, np.int32)
    values = np.empty(rows.size, np.float32)
    for item in range(items):
        found = 0
        for part in range(2):
            index, share = (trained, frequency[item]) if part == 0 else (live, added[item])
            for n in range(index.follow_starts[item], index.follow_starts[item + 1]):
                row = index.followers[n]
                if gains[row] == 0.0:
                    touched[found] = row
                    found += 1
                gains[row] += np.float32(share * index.follow_weights[n])
        follow_starts[item + 1] = _write((gains, touched), found, follow_starts[item], (rows, values))
    end = follow_starts[items]
    return follow_starts, rows[:end].copy(), values[:end].copy()
