"""Clicks of a training file as a log of sessions."""

import numpy as np
from numpy.typing import NDArray

from recommender.session_build import Log
from recommender.training.transactions import Transactions


def log_of(lines: Transactions) -> Log:
    """lines.item: rows. lines.basket: the session. Clicks of one second keep the order of the lines."""
    if not len(lines):
        return Log(np.zeros(0, np.int32), np.zeros(1, np.int64))
    number = numbers_of(lines)
    order = np.lexsort((lines.at, number))
    return Log(np.ascontiguousarray(lines.item[order]), starts_of(number))


def numbers_of(lines: Transactions) -> NDArray[np.int64]:
    """(L,) the place of each line's session, by when it began; those of one moment in the order of the file.

    By the beginning, because some files count each session's clicks from 0 instead of telling the time: by the end, the
    longest would be taken for the newest.
    """
    _, session = np.unique(lines.basket, return_inverse=True)
    began = np.full(int(session.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(began, session, lines.at)
    number = np.empty(len(began), np.int64)
    number[np.argsort(began, kind="stable")] = np.arange(len(began))
    return np.asarray(number[session], np.int64)


def starts_of(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S + 1,) where each session's lines begin, once they stand in the order of `number`."""
    return np.concatenate(([0], np.cumsum(np.bincount(number)))).astype(np.int64)
