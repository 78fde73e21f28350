"""Current sessions out of a micro-batch, and what was found for them into its answers, compiled."""

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers, Batch
from recommender.compiled import compiled, inlined
from recommender.session_desk import AGAIN, STEPS, TAIL, Found, Questions
from recommender.shelf import Shelf
from retail.customers import Interaction

VIEWED, ADDED = int(Interaction.VIEWED), int(Interaction.ADDED)


@inlined
def _find(shelf: Shelf, key: np.uint64) -> int:
    """The row of an item key, -1 where the model does not know it."""
    bucket = np.int64(key >> shelf.shift)
    for place in range(shelf.starts[bucket], shelf.starts[bucket + 1]):
        if shelf.keys[place] == key:
            return int(shelf.rows[place])
    return -1


@compiled
def gather(
    shelf: Shelf, batch: Batch, gap: float, into: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]
) -> int:
    """Current sessions: what was looked at or put into the cart without a pause longer than `gap` seconds until now.

    into: (Q, STEPS) item rows, oldest first; (Q,) how many; (Q,) whose. Returns how many customers are in a session
    with an item that the model knows; only so many lines are filled.
    """
    rows, lengths, who = into
    asking = 0
    for q in range(batch.at.size):
        start, end = batch.history_starts[q], batch.history_starts[q + 1]
        first, newest = end, batch.at[q]
        while first > max(start, end - STEPS) and newest - np.int64(batch.history[first - 1]["at"]) <= gap:
            newest = np.int64(batch.history[first - 1]["at"])
            first -= 1
        length, known = 0, False
        for place in range(first, end):
            kind = batch.history[place]["kind"]
            if kind in (VIEWED, ADDED):
                rows[asking, length] = _find(shelf, batch.history[place]["item"])
                known = known or rows[asking, length] >= 0
                length += 1
        if known:
            lengths[asking], who[asking] = length, q
            asking += 1
    return asking


@inlined
def _insert(answers: Answers, q: int, at: int, entry: tuple[int, np.float32, int, int]) -> None:
    """Upwards from place `at`, which is free, to where the score belongs; equal ones go by item row."""
    rows, scores = answers.rows[q], answers.scores[q]
    row, score, source, evidence = entry
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and row < rows[at - 1])):
        rows[at], scores[at] = rows[at - 1], scores[at - 1]
        answers.sources[q, at], answers.evidence[q, at] = answers.sources[q, at - 1], answers.evidence[q, at - 1]
        at -= 1
    rows[at], scores[at] = row, score
    answers.sources[q, at], answers.evidence[q, at] = source, evidence


@compiled
def merge(
    questions: Questions, who: NDArray[np.int64], found: Found, terms: tuple[float, int], answers: Answers
) -> None:
    """Adds what was found to the answers. terms: weight of the best found; code of the first part."""
    weight, code = terms
    for n in range(who.size):
        q, newest = who[n], questions.rows[questions.end[n] - 1]
        factor = np.float32(weight / found.scores[n, 0]) if found.scores[n, 0] > 0.0 else np.float32(0.0)
        for k in range(found.rows.shape[1]):
            row, part = found.rows[n, k], found.parts[n, k]
            score = np.float32(factor * found.scores[n, k])
            if row < 0 or part == TAIL or score <= 0.0:
                continue
            evidence = row if part == AGAIN else newest
            source = code + part
            at = 0
            while at < answers.counts[q] and answers.rows[q, at] != row:
                at += 1
            if at < answers.counts[q]:
                if answers.scores[q, at] > score:
                    source, evidence = answers.sources[q, at], answers.evidence[q, at]
                score += answers.scores[q, at]
            elif answers.counts[q] < answers.rows.shape[1]:
                answers.counts[q] += 1
            elif score > answers.scores[q, at - 1]:
                at -= 1
            else:
                continue
            _insert(answers, q, at, (row, score, source, evidence))
