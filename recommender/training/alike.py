"""Items alike: neighbours in the space of the factor model."""

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled
from recommender.policy import TrainingPolicy

BLOCK = 1024
"""Items compared with all others at a time: bounds memory to some 40 MB."""


def alike(learned: NDArray[np.float32], policy: TrainingPolicy) -> dict[str, NDArray[np.generic]]:
    """The arrays `alike` and `alike_weights`, (I, M): the nearest by cosine among the most popular items.

    learned: (I, K) factors, the most popular item first.
    """
    directions = learned / np.maximum(np.linalg.norm(learned, axis=1, keepdims=True), 1e-9)
    towards = np.ascontiguousarray(directions[: policy.alike_among].T)
    rows = np.zeros((len(learned), policy.alike), np.int32)
    weights = np.zeros((len(learned), policy.alike), np.float32)
    for start in range(0, len(learned), BLOCK):
        block = slice(start, start + BLOCK)
        _select(directions[block] @ towards, start, rows[block], weights[block])
    return {"alike": rows, "alike_weights": weights}


@compiled
def _select(
    near: NDArray[np.float32],
    start: int,
    rows: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> None:
    """The best of each line of `near` (B, A) into the lists of items from `start` on, an item itself excepted."""
    for line in range(near.shape[0]):
        for column in range(near.shape[1]):
            if near[line, column] > weights[line, -1] and column != start + line:
                at = rows.shape[1] - 1
                while at > 0 and near[line, column] > weights[line, at - 1]:
                    weights[line, at] = weights[line, at - 1]
                    rows[line, at] = rows[line, at - 1]
                    at -= 1
                weights[line, at] = near[line, column]
                rows[line, at] = column
