"""What goes into one call of the kernel and what comes out: Q customers, ragged records, k places each."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.policy import BlendPolicy
from recommender.shelf import Shelf
from retail.customers import Interaction
from retail.slates import Source

BOUGHT_BEFORE, SEEN_TOGETHER, TASTE, POPULAR_HERE, POPULAR = range(5)
"""Columns of a candidate's parts, in the order in which a tie goes to one of them."""

SOURCES = 5

SIMILAR_SESSIONS, FOLLOWED, LOOKED_AT = range(SOURCES, SOURCES + 3)
"""Codes of what `recommender.sessions` adds to the kernel's answers; all are the customer's own."""

TRENDING = SOURCES + 3
"""Code of what `recommender.trending` adds; nobody's own."""

SOURCE_OF_CODE = (
    Source.BOUGHT_BEFORE,
    Source.SEEN_TOGETHER,
    Source.TASTE,
    Source.POPULAR_HERE,
    Source.POPULAR,
    Source.SIMILAR_SESSIONS,
    Source.FOLLOWED,
    Source.LOOKED_AT,
    Source.TRENDING,
)
"""By the numbers of these columns and codes."""

PERSONAL = np.array([code < POPULAR_HERE or POPULAR < code < TRENDING for code in range(len(SOURCE_OF_CODE))])
"""By code: whether it starts from the customer's own history."""

REMOVED = int(Interaction.REMOVED)


NO_ROWS = np.zeros(0, np.int32)


class Batch(NamedTuple):
    """habits, history: records of all customers end to end, customer q's from starts[q] to starts[q + 1].

    at: (Q,) seconds. store: (Q,) number of the store in the shelf, -1 for none. offered: item rows that are candidates
    of every customer of the batch.
    """

    habits: NDArray[np.void]
    habit_starts: NDArray[np.int64]
    history: NDArray[np.void]
    history_starts: NDArray[np.int64]
    at: NDArray[np.int64]
    store: NDArray[np.int32]
    offered: NDArray[np.int32] = NO_ROWS


class Weights(NamedTuple):
    """`recommender.policy.BlendPolicy` in the kernel's units: seconds. parts: (5,) weight by source."""

    parts: NDArray[np.float32]
    habit_decay: float
    doubt: float
    seed_decay: float
    fresh: float
    stale: float
    seeds: int
    basis: int
    kin: int
    popular_depth: int


class Answers(NamedTuple):
    """The best candidates of Q customers, best first, the first counts[q] of a row being valid.

    rows, evidence: (Q, k) item rows; evidence -1 where no own item led there. scores: (Q, k). sources: (Q, k)
    the column with the largest share. known: (Q,) items of the customer's own that the model knows.
    parts: (Q, k, 5) what each source says of them, unweighed; of no place where nobody asked for it.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    sources: NDArray[np.uint8]
    evidence: NDArray[np.int32]
    counts: NDArray[np.int32]
    known: NDArray[np.int32]
    parts: NDArray[np.float32]


class Pad(NamedTuple):
    """Scratch of one call, reused customer by customer.

    slots: hash table from item row to candidate number + 1, 0 is free. filled: (1,) candidates so far.
    rows, parts: by candidate. origins: by candidate and source, the own item that led there, -1 for none.
    strongest: by candidate, the largest single gain of SEEN_TOGETHER. factors: (5,) by source.
    seeds: newest distinct rows. basis: rows the factor model is asked with. values: by basis.
    gram, solution, taste: of the fold-in.
    """

    slots: NDArray[np.int32]
    rows: NDArray[np.int32]
    parts: NDArray[np.float32]
    strongest: NDArray[np.float32]
    origins: NDArray[np.int32]
    seeds: NDArray[np.int32]
    seed_weights: NDArray[np.float32]
    basis: NDArray[np.int32]
    values: NDArray[np.float32]
    gram: NDArray[np.float32]
    solution: NDArray[np.float32]
    taste: NDArray[np.float32]
    factors: NDArray[np.float32]
    filled: NDArray[np.int64]


def weights_of(policy: BlendPolicy) -> Weights:
    parts = (policy.habit, policy.together, policy.taste, policy.here, policy.popular)
    return Weights(
        parts=np.array(parts, np.float32),
        habit_decay=policy.habit_decay.total_seconds(),
        doubt=policy.doubt,
        seed_decay=policy.seed_decay,
        fresh=policy.fresh.total_seconds(),
        stale=policy.stale,
        seeds=policy.seeds,
        basis=policy.basis,
        kin=policy.kin,
        popular_depth=policy.popular_depth,
    )


def room(customers: int, places: int, parts: int = 0) -> Answers:
    """Answers to be filled. The scores begin as numbers: whole arrays are converted, unfilled places included.

    parts: places that are told apart by source, all or none.
    """
    shape = (customers, places)
    return Answers(
        rows=np.empty(shape, np.int32),
        scores=np.zeros(shape, np.float32),
        sources=np.empty(shape, np.uint8),
        evidence=np.empty(shape, np.int32),
        counts=np.zeros(customers, np.int32),
        known=np.zeros(customers, np.int32),
        parts=np.empty((customers, parts, SOURCES), np.float32),
    )


def scratch(shelf: Shelf, batch: Batch, weights: Weights) -> Pad:
    """Large enough for whatever the batch's customers can bring as candidates, so that none is ever left out."""
    habits = int(np.diff(batch.habit_starts).max(initial=0))
    here = int(np.diff(shelf.here_starts).max(initial=0))
    near = weights.seeds * shelf.together.shape[1] + weights.kin * shelf.alike.shape[1]
    most = min(habits + near + here + weights.popular_depth + batch.offered.size, shelf.keys.size)
    return Pad(
        slots=np.zeros(2 << max(most, 1).bit_length(), np.int32),
        rows=np.empty(most, np.int32),
        parts=np.empty((most, SOURCES), np.float32),
        strongest=np.empty(most, np.float32),
        origins=np.empty((most, SOURCES), np.int32),
        seeds=np.empty(weights.seeds, np.int32),
        seed_weights=np.empty(weights.seeds, np.float32),
        basis=np.empty(weights.basis, np.int32),
        values=np.empty(weights.basis, np.float32),
        gram=np.empty((weights.basis, weights.basis), np.float32),
        solution=np.empty(weights.basis, np.float32),
        taste=np.empty(shelf.factors.shape[1], np.float32),
        factors=np.empty(SOURCES, np.float32),
        filled=np.zeros(1, np.int64),
    )
