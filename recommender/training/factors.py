"""The factor model: implicit ALS, and what serving needs of it as plain arrays.

`implicit` needs an OpenMP runtime (see `openmp`) and is imported only when a model is trained.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recommender.policy import TrainingPolicy
from recommender.training.transactions import Transactions

Step = Callable[[float], None]
"""Told the part of the work that is done, 0 to 1."""


def factors(lines: Transactions, items: int, policy: TrainingPolicy, step: Step) -> dict[str, NDArray[np.generic]]:
    """The arrays `factors`, `aids` and `alpha` of a shelf of `items` rows."""
    learned = _learn(lines, items, policy, step)
    gram = learned.T.astype(np.float64) @ learned
    gram[np.diag_indices_from(gram)] += policy.regularization
    return {
        "factors": learned,
        "aids": np.linalg.solve(gram, learned.T.astype(np.float64)).T.astype(np.float32).copy(),
        "alpha": np.array([policy.alpha], np.float32),
    }


def _learn(lines: Transactions, items: int, policy: TrainingPolicy, step: Step) -> NDArray[np.float32]:
    """(I, K) item factors. A line is one purchase; what one customer bought n times has confidence 1 + alpha n."""
    if not len(lines):
        return np.zeros((items, policy.factors), np.float32)
    from implicit.cpu.als import AlternatingLeastSquares

    ones = np.ones(len(lines), np.float32)
    bought = csr_matrix((ones, (lines.customer, lines.item)), shape=(len(lines.customers), items))
    bought.data = 1.0 + policy.alpha * bought.data
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=policy.factors,
            regularization=policy.regularization,
            iterations=policy.iterations,
            random_state=policy.seed,
        )
        model.fit(bought, show_progress=False, callback=lambda iteration, *_: step((iteration + 1) / policy.iterations))
    return np.ascontiguousarray(model.item_factors, np.float32)
