"""The customer's current session, and what others did in sessions like it, added to the kernel's answers."""

from threading import local

import numpy as np

from recommender.batch import SIMILAR_SESSIONS, Answers, Batch, room
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.session_desk import STEPS, Desk, Questions, desk, places
from recommender.session_index import SessionIndex, Tuning
from recommender.session_kernel import follow_up
from recommender.session_merge import gather, merge


class Desks(local):
    """The scratch that a thread used last, and what for."""

    desk: Desk | None = None
    index: SessionIndex | None = None
    tuning: Tuning | None = None

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
    customers = len(batch.at)
    rows, who = np.empty((customers, STEPS), np.int32), np.empty(customers, np.int64)
    lengths = np.zeros(customers, np.int64)
    asking = gather(model.shelf, batch, policy.session_gap.total_seconds(), (rows, lengths, who))
    if not asking:
        return
    first = np.arange(asking, dtype=np.int64) * STEPS
    questions = Questions(rows.reshape(-1), first, first + lengths[:asking])
    found = places(asking, answers.rows.shape[1])
    follow_up(sessions, model.tuning, questions, _desks.desk_for(sessions, model.tuning), found)
    merge(questions, who[:asking], found, (policy.session, SIMILAR_SESSIONS), answers)


def warm_up(model: Model) -> None:
    """Compiles what a session is answered with, by asking of none."""
    nobody = Questions(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = places(0, 1)
    follow_up(model.sessions, model.tuning, nobody, _desks.desk_for(model.sessions, model.tuning), found)
    merge(nobody, nobody.first, found, (model.blend.session, SIMILAR_SESSIONS), room(0, 1))


_desks = Desks()
