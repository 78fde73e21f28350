"""How a shop's sessions are best asked: tried out on the newest of them, which the trial's index has not seen.

One field of the tuning after the other is moved along its values, twice over; the second time more questions decide.
A new value must win by more than chance is likely to give, so a small log keeps the defaults.
"""

import math

import numpy as np
from numpy.typing import NDArray

from recommender.session_build import Log, index_sessions
from recommender.session_desk import Questions, desk, places
from recommender.session_index import SessionIndex, Tuning
from recommender.session_kernel import follow_up
from recommender.training.progress import Progress, silent

VALUES: dict[str, tuple[float, ...]] = {
    "current": (-1.0, 0.0, 0.2, 0.5, 1.0, 1.5, 2.5),
    "again": (0.0, 0.2, 0.5, 0.8, 1.2, 2.0),
    "again_fading": (0.5, 1.0, 3.0, 8.0),
    "seen": (1.0, 0.5, 0.2, 0.0),
    "follow": (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0),
    "reach": (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 100.0),
    "fading": (0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
    "backward": (1.0, 0.7, 0.4, 0.2, 0.0),
    "age": (0.03, 0.1, 0.3, 1.0, 100.0),
    "shortness": (0.0, 0.25, 0.5, 0.75, 1.0),
    "rarity": (0.0, 0.5, 1.0, 2.0, 4.0),
    "rarity_voted": (0.0, 0.5, 1.0, 2.0, 4.0),
    "follow_second": (0.0, 0.2, 0.4),
    "neighbours": (50.0, 100.0, 200.0, 500.0),
    "newest": (500.0, 1000.0),
    "popular": (0.0, 0.003, 0.01, 0.03, 0.1),
}
"""What is tried, in this order: what changes most comes first."""

PLACES = 20
"""Length of the lists that are judged, as in `recommender.evaluation.sessions`."""

QUESTIONS = (3000, 6000)
"""Asked at most, in the first and the second round: a standard error of 1.2 and 0.8 points of hit rate."""

FEWEST = 50
"""Questions without which nothing is tuned."""

SHARE = 0.2
"""Of the sessions are held out at most."""

CHANCE = 0.1
"""Gain, in the logarithms of both metrics, over the root of the questions, that a new value needs."""


class Trial:
    """Questions whose answers are known. log: all of the shop's sessions. seed: of which are asked."""

    def __init__(self, log: Log, popularity: NDArray[np.float32], seed: int) -> None:
        split = newest(log.starts)
        self._index: SessionIndex = index_sessions(log.before(split), popularity)
        self._clicks = log.clicks
        first, end = _prefixes(log, split)
        order = np.random.default_rng(seed).permutation(len(end))
        self._first, self._end = first[order], end[order]

    def __len__(self) -> int:
        return len(self._end)

    def worth(self, tuning: Tuning, questions: int) -> float:
        """ln(hit rate) + ln(mean reciprocal rank) of the first so many questions."""
        asked = Questions(self._clicks, self._first[:questions], self._end[:questions])
        found = places(len(asked.end), PLACES)
        follow_up(self._index, tuning, asked, desk(self._index, tuning), found)
        hits = found.rows == self._clicks[asked.end][:, None]
        reciprocal = float((hits / np.arange(1, PLACES + 1)).sum(axis=1).mean())
        return math.log(float(hits.any(axis=1).mean()) + 1e-6) + math.log(reciprocal + 1e-6)


def tune(log: Log, popularity: NDArray[np.float32], seed: int, progress: Progress = silent) -> Tuning:
    """The best tuning found for the log; the defaults where it is too small to tell. popularity: (I,) by item row."""
    trial, tuning = Trial(log, popularity, seed), Tuning()
    if len(trial) < FEWEST:
        return tuning
    for number, questions in enumerate(QUESTIONS):
        best = trial.worth(tuning, questions)
        needed = CHANCE / math.sqrt(min(questions, len(trial)))
        for step, (field, values) in enumerate(VALUES.items()):
            progress("how sessions are best asked", (number + step / len(VALUES)) / len(QUESTIONS))
            for value in values:
                tried = tuning._replace(**{field: value})
                worth = trial.worth(tried, questions) if tried != tuning else best
                if worth > best + needed:
                    best, tuning = worth, tried
    return tuning


def newest(starts: NDArray[np.int64]) -> int:
    """The session from which on is asked: enough questions, but never more than `SHARE` of the sessions. starts: as of
    a `Log`."""
    sessions = len(starts) - 1
    open_ = np.cumsum(np.maximum(np.diff(starts) - 1, 0)[::-1])
    enough = int(np.searchsorted(open_, QUESTIONS[-1])) + 1
    return sessions - min(enough, int(SHARE * sessions))


def _prefixes(log: Log, split: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each held-out question begins, and the click that it asks for."""
    starts = log.starts[split:]
    session = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = np.arange(starts[0], starts[-1])
    asked = place > starts[:-1][session]
    return starts[:-1][session][asked], place[asked]
