"""The customer's current session, and what others did in sessions like it, added to the kernel's answers."""

from threading import local
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.batch import SIMILAR_SESSIONS, Answers, Batch, room
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import STEPS, Desk, Found, Questions, desk, places
from recommender.session_index import SessionIndex, Tuning
from recommender.session_kernel import follow_up
from recommender.session_merge import gather, merge
from recommender.straight import straight


class Asking(NamedTuple):
    """What Q customers ask and are told. rows: (Q, STEPS) their sessions. lengths, who: (Q,) see `gather`. first: (Q,)
    where each begins in the rows end to end."""

    rows: NDArray[np.int32]
    lengths: NDArray[np.int64]
    who: NDArray[np.int64]
    first: NDArray[np.int64]
    found: Found


def _asking(customers: int, k: int) -> Asking:
    rows, counts = np.empty((customers, STEPS), np.int32), np.zeros((2, customers), np.int64)
    return Asking(rows, counts[0], counts[1], np.arange(customers, dtype=np.int64) * STEPS, places(customers, k))


class Desks(local):
    """The scratch that a thread used last, and what for. alone: of a customer who asks alone, as most do."""

    desk: Desk | None = None
    index: SessionIndex | None = None
    tuning: Tuning | None = None
    alone: Asking | None = None

    def asking(self, customers: int, k: int) -> Asking:
        if customers > 1:
            return _asking(customers, k)
        if self.alone is None or self.alone.found.rows.shape[1] != k:
            self.alone = _asking(1, k)
        return self.alone

    def desk_for(self, index: SessionIndex, tuning: Tuning) -> Desk:
        if self.desk is None or self.index is not index or self.tuning is not tuning:
            self.desk, self.index, self.tuning = desk(index, tuning), index, tuning
        return self.desk


def add_sessions(model: Model, batch: Batch, policy: BlendPolicy, answers: Answers) -> None:
    """Merges into the answers of those customers who are in a session; the others cost nothing.

    What the model says of a session counts `policy.session` at most, added to what the other sources gave an item.
    """
    sessions = model.lately.sessions or model.sessions
    if len(sessions.starts) < 2 or not policy.session:
        return
    ask = _desks.asking(len(batch.at), answers.rows.shape[1])
    gap = policy.session_gap.total_seconds()
    asking = _gather(model.shelf, batch, gap, (ask.rows, ask.lengths, ask.who))
    if not asking:
        return
    who, first, found = ask.who, ask.first, ask.found
    if asking < len(who):
        who, first, found = who[:asking], first[:asking], _first(found, asking)
    questions = Questions(ask.rows.reshape(-1), first, first + ask.lengths[:asking])
    _follow_up(sessions, model.tuning, questions, _desks.desk_for(sessions, model.tuning), found)
    merge_found(questions, who, found, (float(policy.session), SIMILAR_SESSIONS), answers)


def _first(found: Found, questions: int) -> Found:
    return Found(found.rows[:questions], found.scores[:questions], found.parts[:questions])


def warm_up(model: Model, batch: Batch) -> None:
    """Compiles what a session is answered with, by asking of none. batch: of whom nothing is known."""
    ask = _asking(len(batch.at), 1)
    gather(model.shelf, batch, model.blend.session_gap.total_seconds(), (ask.rows, ask.lengths, ask.who))
    nobody = Questions(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = places(0, 1)
    follow_up(model.sessions, model.tuning, nobody, _desks.desk_for(model.sessions, model.tuning), found)
    merge(nobody, nobody.first, found, (float(model.blend.session), SIMILAR_SESSIONS), room(0, 1))


_desks = Desks()
_gather, _follow_up, merge_found = straight(gather, 0), straight(follow_up, 0, 1), straight(merge)
