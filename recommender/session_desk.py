"""What is asked of the session kernel, what it finds, and the scratch that it works on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled
from recommender.session_index import SessionIndex, Tuning

NEIGHBOURS, FOLLOWERS, AGAIN, TAIL = range(4)
"""Columns of a candidate's parts."""

PARTS = 4

FARTHEST = 30
"""Clicks on either side of the matching one that a neighbour votes for at most."""

FIRST, END, TOUCHED = range(3)
"""Columns of a neighbour's window: the clicks it votes for, and the row of the first."""

LENGTHS, AGES = 128, 1024
"""Steps in which a session's length and age are told apart."""

GRADES, FINE = 1024, 16
"""Grades by which scores are told apart before they are compared, and the bits of a score below a grade: the grades
are 1 % apart and reach eight powers of two below the best."""

STEPS = 64
"""Items of the asked session that are ever looked at."""


class Questions(NamedTuple):
    """Q sessions. rows: item rows, -1 where unknown, oldest first; session q is rows[first[q]:end[q]]."""

    rows: NDArray[np.int32]
    first: NDArray[np.int64]
    end: NDArray[np.int64]


class Found(NamedTuple):
    """The best for Q sessions, best first. rows: (Q, k), -1 behind the last. scores: (Q, k), 1 is most of one part.

    parts: (Q, k) the column with the largest share.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    parts: NDArray[np.uint8]


class Desk(NamedTuple):
    """Scratch of one call. session_slots, item_slots: hash tables to number + 1, 0 is free. counts: (2,) of each.

    sessions, session_scores, matches: by number; matches: the matching click's place.
    grades: by number, of the scores. chosen: numbers of the best sessions.
    windows: (N, 3) of each of them.
    rows, gains: by candidate; gains: (N, 4) by part.
    own, own_steps: the asked session's distinct items, the newest first, and how many steps back each is.
    fades: (FARTHEST + 1,) weight by distance. worths: (S,) weight of each session by its length and age. Both follow
    from the tuning; a session's worth is one read of what is close together, where its bounds are two of what is not.
    """

    session_slots: NDArray[np.int32]
    session_places: NDArray[np.int32]
    sessions: NDArray[np.int32]
    session_scores: NDArray[np.float32]
    matches: NDArray[np.int32]
    grades: NDArray[np.int32]
    chosen: NDArray[np.int32]
    windows: NDArray[np.int64]
    item_slots: NDArray[np.int32]
    item_places: NDArray[np.int32]
    rows: NDArray[np.int32]
    gains: NDArray[np.float32]
    own: NDArray[np.int32]
    own_steps: NDArray[np.int32]
    fades: NDArray[np.float32]
    worths: NDArray[np.float32]
    counts: NDArray[np.int64]


def desk(index: SessionIndex, tuning: Tuning) -> Desk:
    """Large enough for any question: bounded by the tuning and the index, whichever is smaller."""
    steps = min(int(tuning.last), STEPS)
    sessions = min(steps * int(tuning.newest), len(index.starts) - 1) + 1
    voting = min(int(tuning.neighbours), sessions)
    shares = (np.maximum(np.arange(LENGTHS), 1.0) ** -tuning.shortness).astype(np.float32)
    ages = np.exp((np.arange(AGES) / AGES - 1.0) / tuning.age).astype(np.float32)
    worths, longest = _worths(index.starts, shares, ages)
    voted = voting * min(longest, 2 * FARTHEST + 1)
    following = 2 * int(np.diff(index.follow_starts).max(initial=0))
    items = min(voted + following + STEPS, len(index.rarity)) + 1
    return Desk(
        session_slots=np.zeros(2 << sessions.bit_length(), np.int32),
        session_places=np.empty(sessions, np.int32),
        sessions=np.empty(sessions, np.int32),
        session_scores=np.empty(sessions, np.float32),
        matches=np.empty(sessions, np.int32),
        grades=np.empty(sessions, np.int32),
        chosen=np.empty(voting, np.int32),
        windows=np.empty((voting, 3), np.int64),
        item_slots=np.zeros(2 << items.bit_length(), np.int32),
        item_places=np.empty(items, np.int32),
        rows=np.empty(items, np.int32),
        gains=np.empty((items, PARTS), np.float32),
        own=np.empty(STEPS, np.int32),
        own_steps=np.empty(STEPS, np.int32),
        fades=np.exp(-np.maximum(np.arange(FARTHEST + 1) - 1, 0) / tuning.reach).astype(np.float32),
        worths=worths,
        counts=np.zeros(2, np.int64),
    )


@compiled
def _worths(
    starts: NDArray[np.int64], shares: NDArray[np.float32], ages: NDArray[np.float32]
) -> tuple[NDArray[np.float32], int]:
    """The weight of each session, and the length of the longest: in one pass, since answers wait for a new desk."""
    sessions, longest, age = starts.size - 1, 0, 0
    worths = np.empty(sessions, np.float32)
    for session in range(sessions):
        while (age + 1) * sessions <= session * AGES:
            age += 1
        length = starts[session + 1] - starts[session]
        longest = max(longest, length)
        worths[session] = shares[min(length, LENGTHS - 1)] * ages[age]
    return worths, longest


def places(questions: int, k: int) -> Found:
    shape = (questions, k)
    return Found(np.full(shape, -1, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.uint8))
