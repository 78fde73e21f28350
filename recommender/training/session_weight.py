"""How much a customer's session says beside everything else: tried on the newest sessions, which the trial's models
have not seen.

Where few items are looked at by everybody, what others did in such a session says it all, and every other source only
puts what is popular in between; where sessions are rare in what they hold, the others find what sessions cannot.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recommender.blend import BlendTuning
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.recommend import Query, ranking
from recommender.training.blend_tuning import Values, better
from recommender.training.session_log import numbers_of, starts_of
from recommender.training.shopping import Click, along_clicks, clicks_by_session
from recommender.training.transactions import Transactions
from recommender.training.tuning import FEWEST, PLACES, newest

VALUES: dict[str, tuple[float, ...]] = {
    "session": (0.5, 1.5, 3.0, 12.0, 30.0, 100.0),
    "taste": (0.0, 0.5, 1.0, 2.0),
    "popular": (0.0, 0.2, 0.5),
}
"""What is tried, in this order. All but the first only where nothing is known but sessions: of who buys, too, baskets
tell more."""

ASKED = 6000
"""Questions at most: a standard error of about 0.6 points of hit rate, much less in pairs."""

AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class Questions:
    """Q times somebody in a session, and the item that they chose next. wanted: (Q,) rows of `model`, -1 for none."""

    model: Model
    queries: list[Query]
    wanted: NDArray[np.int64]

    def found(self, policy: BlendPolicy) -> NDArray[np.bool_]:
        """(Q, PLACES) where the item stands on each list."""
        parts = []
        for start in range(0, len(self.queries), AT_ONCE):
            answers = ranking(self.queries[start : start + AT_ONCE], self.model, policy)
            rows = answers.rows[:, :PLACES]
            there = np.arange(rows.shape[1]) < answers.counts[:, None]
            parts.append(there & (rows == self.wanted[start : start + AT_ONCE, None]))
        return np.concatenate(parts)


def as_one_session(policy: BlendPolicy) -> BlendPolicy:
    """For a log that says by itself what a session is, and where an item that is looked at twice is a case like any
    other."""
    return replace(policy, session_gap=timedelta(days=36_500), in_view=timedelta(seconds=-1))


def held_out(sessions: Transactions) -> NDArray[np.bool_]:
    """(L,) whether a click belongs to the newest sessions, which are asked about."""
    number = numbers_of(sessions)
    return number >= newest(starts_of(number))


def questions_of(sessions: Transactions, model: Model, seed: int) -> Questions:
    """What was asked along the sessions, at most `ASKED` times."""
    asked = [question for clicks in clicks_by_session(sessions) for question in _along(clicks)]
    if len(asked) > ASKED:
        chosen = np.random.default_rng(seed).choice(len(asked), ASKED, replace=False)
        asked = [asked[number] for number in chosen.tolist()]
    wanted = np.array([model.row(item) for _, item in asked], np.int64)
    return Questions(model, [query for query, _ in asked], wanted)


def weigh_sessions(questions: Questions, tuning: BlendTuning, alone: bool) -> BlendTuning:
    """The tuning with the weights that serve sessions best; as it is where nothing can be told.

    Of the values that are surely better than the one before, the best: most differ from their neighbours by less than
    can be told. alone: nothing is known but sessions.
    """
    if len(questions.queries) < FEWEST:
        return tuning
    worth = cache(_worth(questions, tuning))
    for field, values in VALUES.items() if alone else [("session", VALUES["session"])]:
        before = worth(tuning)
        tried = {other: worth(other) for value in values if (other := tuning._replace(**{field: value})) != tuning}
        sure = {other: float(found.mean()) for other, found in tried.items() if better(found, before)}
        tuning = max(sure, key=sure.__getitem__, default=tuning)
    return tuning


def _worth(questions: Questions, start: BlendTuning) -> Callable[[BlendTuning], Values]:
    """(Q,) hit rate and reciprocal rank of a tuning, each as a part of what the start has."""
    reciprocals = 1.0 / np.arange(1, PLACES + 1)

    def both(tuning: BlendTuning) -> tuple[Values, Values]:
        found = questions.found(as_one_session(tuning.policy()))
        return np.asarray(found.any(axis=1), np.float64), np.asarray(found @ reciprocals[: found.shape[1]], np.float64)

    hits, ranks = (max(float(each.mean()), 1e-6) for each in both(start))

    def worth(tuning: BlendTuning) -> Values:
        hit, rank = both(tuning)
        return np.asarray(hit / hits + rank / ranks, np.float64)

    return worth


def _along(clicks: list[Click]) -> list[tuple[Query, str]]:
    return [
        (Query(customer=before.session, state=state, at=before.at * 1000, limit=PLACES), following.item)
        for before, (state, following) in zip(clicks, along_clicks(clicks), strict=False)
    ]
