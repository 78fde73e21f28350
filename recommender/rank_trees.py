"""The ranker at work, compiled: what the trees say of each candidate, and the candidates in that order.

The order is the ranker's, the scores stay the blend's: the best candidate gets the best score, and so on. What is
added to them afterwards, as for a customer in a session, is measured in the blend's scale.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers, Batch
from recommender.compiled import compiled, inlined
from recommender.rank_features import Known, features_of
from recommender.ranker import Trees
from recommender.straight import straight


def rerank(known: Known, trees: Trees, batch: Batch, answers: Answers) -> None:
    """Puts the candidates in order, of the customers of whom something is known. answers: with parts."""
    features = features_of(known, batch, answers)
    _order_all(trees, features, np.empty(answers.rows.shape), answers)


def best(answers: Answers, places: int) -> Answers:
    """The best of each customer, without parts."""
    rows, scores, sources, evidence, counts, known, parts = answers
    return Answers(
        rows=np.ascontiguousarray(rows[:, :places]),
        scores=np.ascontiguousarray(scores[:, :places]),
        sources=np.ascontiguousarray(sources[:, :places]),
        evidence=np.ascontiguousarray(evidence[:, :places]),
        counts=np.minimum(counts, np.int32(places)),
        known=known,
        parts=np.ascontiguousarray(parts[:, :0]),
    )


@inlined
def _leaf(trees: Trees, tree: int, x: NDArray[np.float32]) -> int:
    way = trees.roots[tree]
    while way >= 0:
        way = trees.left[way] if x[trees.features[way]] <= trees.thresholds[way] else trees.right[way]
    return int(-1 - way)


@compiled
def weigh(trees: Trees, features: NDArray[np.float32], counts: NDArray[np.int32], worth: NDArray[np.float64]) -> None:
    """Fills worth (Q, k) from features (Q, k, F) for the first counts[q] candidates of each customer."""
    for q in range(counts.size):
        worth[q, :] = 0.0
        for tree in range(trees.roots.size):
            for place in range(counts[q]):
                worth[q, place] += trees.leaves[_leaf(trees, tree, features[q, place])]


@compiled
def reorder(worth: NDArray[np.float64], answers: Answers) -> None:
    """By falling worth; equal ones as they were."""
    order = np.empty(worth.shape[1], np.int64)
    rows, sources, evidence = (
        np.empty(worth.shape[1], np.int32),
        np.empty(worth.shape[1], np.uint8),
        np.empty(worth.shape[1], np.int32),
    )
    for q in range(answers.counts.size):
        if answers.known[q] == 0:
            continue
        for place in range(answers.counts[q]):
            at = place
            while at > 0 and worth[q, place] > worth[q, order[at - 1]]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = place
        for place in range(answers.counts[q]):
            rows[place], sources[place] = answers.rows[q, order[place]], answers.sources[q, order[place]]
            evidence[place] = answers.evidence[q, order[place]]
        for place in range(answers.counts[q]):
            answers.rows[q, place], answers.sources[q, place] = rows[place], sources[place]
            answers.evidence[q, place] = evidence[place]


@compiled
def _order(trees: Trees, features: NDArray[np.float32], worth: NDArray[np.float64], answers: Answers) -> None:
    """Both in one call: handing over the arrays costs as much as ordering a customer's candidates."""
    weigh(trees, features, answers.counts, worth)
    reorder(worth, answers)


_order_all = straight(_order, 0)
