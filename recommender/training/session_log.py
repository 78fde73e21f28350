"""Clicks of a training file as a log of sessions."""

import numpy as np

from recommender.session_build import Log
from recommender.training.transactions import Transactions


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
