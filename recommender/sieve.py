"""What may not be shown is taken out of the ranking, compiled: not sold, in the cart, on the screen.

The rules and their order are those of `recommender.filters`, which looks at single items; here whole micro-batches.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers, Batch
from recommender.compiled import compiled, inlined
from recommender.filters import IN_CART, IN_VIEW, JUST_BOUGHT, REASONS
from retail.catalog import item_key
from retail.customers import Interaction

CART_CODE, VIEW_CODE, REST_CODE = (REASONS.index(reason) for reason in (IN_CART, IN_VIEW, JUST_BOUGHT))

VIEWED, BOUGHT = int(Interaction.VIEWED), int(Interaction.BOUGHT)

_NO_KEYS = np.zeros(0, np.uint64)


class Sieve(NamedTuple):
    """stock: (I,) a code of REASONS by item row. personal: (Q, k) a code by place, of the items that some customers
    may be shown and others not. excluded: (Q, k) a code by place, rests: (Q, k) seconds, see `recommender.exclusions`;
    what may not be shown anyway is not said to be excluded. keys: (I,) item key by row. limits: (Q,) items wanted.

    carts: keys of what is held, customer q's from cart_starts[q] to cart_starts[q + 1].
    in_view: seconds for which the item viewed last counts as on the screen.
    """

    stock: NDArray[np.uint8]
    personal: NDArray[np.uint8]
    excluded: NDArray[np.int32]
    rests: NDArray[np.int32]
    keys: NDArray[np.uint64]
    limits: NDArray[np.int32]
    carts: NDArray[np.uint64]
    cart_starts: NDArray[np.int64]
    in_view: float


class Left(NamedTuple):
    """What was dropped, the best first. rows, codes: (Q, k), the first counts[q] of a row being valid. Codes are those
    of the sieve."""

    rows: NDArray[np.int32]
    codes: NDArray[np.int32]
    counts: NDArray[np.int32]


class Ranked(NamedTuple):
    """limits: items wanted of each customer."""

    batch: Batch
    answers: Answers
    limits: list[int]


class Sifted(NamedTuple):
    """The answers of a batch: what is kept, and what was left out of it. reasons: by the codes of `left`."""

    kept: Answers
    left: Left
    reasons: tuple[str, ...]


def cart_keys(carts: Sequence[dict[str, int]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of all carts end to end, and where each begins."""
    held = [item_key(item) for cart in carts if cart for item in cart]
    if not held:
        return _NO_KEYS, np.zeros(len(carts) + 1, np.int64)
    return np.array(held, np.uint64), np.array([0, *accumulate(map(len, carts))], np.int64)


def left_over(customers: int, places: int) -> Left:
    """Room for all candidates, should none of them pass."""
    shape = (customers, places)
    return Left(np.empty(shape, np.int32), np.empty(shape, np.int32), np.zeros(customers, np.int32))


@inlined
def _refusal(sieve: Sieve, q: int, row: int, screen: np.uint64, seen: bool) -> int:
    """A code of REASONS. screen: key of the item viewed last, which counts where it was `seen` just now."""
    key, code = sieve.keys[row], int(sieve.stock[row])
    if code != 0:
        return code
    for held in range(sieve.cart_starts[q], sieve.cart_starts[q + 1]):
        if sieve.carts[held] == key:
            return CART_CODE
    return VIEW_CODE if seen and key == screen else 0


@inlined
def _rests(batch: Batch, q: int, key: np.uint64, rest: int) -> bool:
    """Whether it was bought less than `rest` seconds ago, as `recommender.rests` tells it."""
    since = batch.at[q] - np.int64(rest)
    for n in range(batch.habit_starts[q], batch.habit_starts[q + 1]):
        if batch.habits[n]["item"] == key and np.int64(batch.habits[n]["last"]) > since:
            return True
    for n in range(batch.history_starts[q], batch.history_starts[q + 1]):
        record = batch.history[n]
        if record["item"] == key and record["kind"] == BOUGHT and np.int64(record["at"]) > since:
            return True
    return False


@compiled
def sift(batch: Batch, sieve: Sieve, answers: Answers, left: Left) -> None:
    """Closes the ranks of `answers` until a customer's limit is reached; what was dropped before goes to `left`."""
    for q in range(batch.at.size):
        seen, screen = False, np.uint64(0)
        newest = batch.history_starts[q + 1] - 1
        if newest >= batch.history_starts[q]:
            record = batch.history[newest]
            seen = record["kind"] == VIEWED and batch.at[q] - np.int64(record["at"]) <= sieve.in_view
            screen = record["item"]
        kept, dropped = 0, 0
        for place in range(answers.counts[q]):
            if kept == sieve.limits[q]:
                break
            row = answers.rows[q, place]
            code = int(sieve.personal[q, place]) or _refusal(sieve, q, row, screen, seen)
            code = code or int(sieve.excluded[q, place])
            if code == 0 and sieve.rests[q, place] > 0 and _rests(batch, q, sieve.keys[row], sieve.rests[q, place]):
                code = REST_CODE
            if code != 0:
                left.rows[q, dropped], left.codes[q, dropped] = row, code
                dropped += 1
                continue
            answers.rows[q, kept] = row
            answers.scores[q, kept] = answers.scores[q, place]
            answers.sources[q, kept] = answers.sources[q, place]
            answers.evidence[q, kept] = answers.evidence[q, place]
            kept += 1
        answers.counts[q], left.counts[q] = kept, dropped
