import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender.batch import Batch, scratch, weights_of
from recommender.kernel import fold_in
from recommender.model import Model
from recommender.policy import BlendPolicy, TrainingPolicy
from recommender.records import HABIT, INTERACTION
from tests.unit.recommender.shelves import Line, trained

POLICY = TrainingPolicy(factors=16, iterations=8, regularization=0.05)


@pytest.fixture(scope="module")
def model() -> Model:
    chance = np.random.default_rng(3)
    lines: list[Line] = [
        (f"c{n % 60}", n // 4, f"i{min(int(chance.exponential(12)), 79)}", n * 1000, "") for n in range(3000)
    ]
    return trained(lines, POLICY)


def folded(model: Model, rows: list[int], confidence: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    nobody, one = np.zeros(2, np.int64), np.zeros(1, np.int64)
    batch = Batch(np.zeros(0, HABIT), nobody, np.zeros(0, INTERACTION), nobody, one, one.astype(np.int32))
    pad = scratch(model.shelf, batch, weights_of(BlendPolicy(basis=30)))
    pad.basis[: len(rows)] = rows
    pad.values[: len(rows)] = confidence
    fold_in(model.shelf, pad, len(rows))
    return pad.taste


@pytest.mark.parametrize("items", [1, 2, 12, 30])
def test_a_taste_is_the_one_that_implicit_calculates(model: Model, items: int) -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    chance = np.random.default_rng(items)
    rows = chance.choice(len(model.items), items, replace=False).tolist()
    confidence = (1 + 10 * chance.random(items)).tolist()
    library = AlternatingLeastSquares(factors=POLICY.factors, regularization=POLICY.regularization)
    library.item_factors = model.shelf.factors.copy()
    own = csr_matrix((np.array(confidence, np.float32), ([0] * items, rows)), shape=(1, len(model.items)))
    expected = library.recalculate_user(0, own)
    assert np.abs(folded(model, rows, confidence) - expected).max() < 1e-5 * max(1.0, np.abs(expected).max())


def test_confidence_of_one_says_no_more_than_that_it_was_wanted(model: Model) -> None:
    assert folded(model, [3], [1.0]) == pytest.approx(model.shelf.aids[3], abs=1e-6)
