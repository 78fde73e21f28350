from pathlib import Path

import numpy as np
import pytest

from recommender.blend import BLEND, BLEND_TUNING, BlendTuning, blend_arrays
from recommender.evaluation.baskets import evaluate_baskets
from recommender.evaluation.contenders import BLEND as SHIPPED
from recommender.evaluation.frequency import BOTH, EVERYBODY, PERSONAL, frequency_lists
from recommender.model import ModelRefused, load, make_model
from recommender.policy import TrainingPolicy
from recommender.publication import Provenance, publish
from recommender.training.blend_tuning import tune_blend
from recommender.training.shopping import Basket, last_baskets
from recommender.training.train import train
from recommender.training.transactions import Transactions
from tests.unit.recommender.shelves import SMALL, Line, random_arrays, transactions

DAYS = 86_400

Shop = list[Line]


def fashionable_shop(customers: int = 400, items: int = 300, seed: int = 5) -> Shop:
    """Two to six visits a customer, few items twice, and what everybody wants changes from fortnight to fortnight."""
    chance = np.random.default_rng(seed)
    peak = chance.uniform(0, 120, items)
    lines: Shop = []
    for customer in range(customers):
        for day in np.unique(chance.integers(0, 120, chance.integers(2, 7))).tolist():
            liked = (0.15 + np.exp(-(((day - peak) / 12) ** 2))) / np.arange(1, items + 1)
            bought = chance.choice(items, 4, replace=False, p=liked / liked.sum())
            lines += [(f"c{customer}", 1000 * customer + day, f"i{item}", day * DAYS, "") for item in bought.tolist()]
    return lines


def test_where_histories_are_short_and_fashions_change_tuning_leans_on_what_is_popular_lately() -> None:
    lines = transactions(fashionable_shop())
    arrays = train(lines, SMALL)
    model = make_model("tuned", arrays)
    assert model.blend.popular > BLEND.popular
    assert model.blend.doubt > BLEND.doubt
    report = evaluate_baskets(lines)
    assert report.models[SHIPPED]["recall@10"] > report.models[BOTH]["recall@10"]
    assert report.models[SHIPPED]["recall@10"] > report.models["blend before tuning"]["recall@10"]


def cinema(customers: int = 300, films: int = 200, seed: int = 6) -> Shop:
    """Everybody likes one of eight genres and sees a film a day, none twice."""
    chance = np.random.default_rng(seed)
    genre = np.arange(films) % 8
    lines: Shop = []
    for customer in range(customers):
        liked = np.where(genre == chance.integers(8), 1.0, 0.02) / np.arange(10, films + 10)
        seen = chance.choice(films, 12, replace=False, p=liked / liked.sum())
        lines += [(f"c{customer}", 100 * customer + n, f"f{film}", n * DAYS, "") for n, film in enumerate(seen)]
    return lines


def test_where_nothing_is_bought_twice_what_the_customer_has_comes_last() -> None:
    report = evaluate_baskets(transactions(cinema()))
    assert report.tuning["habit"] < 0
    assert report.models["blend before tuning"]["recall@10"] < 0.05
    for source in ("popularity", "co-visitation", "als"):
        assert report.models[SHIPPED]["recall@10"] > report.models[source]["recall@10"]


def test_a_shop_too_small_to_tell_keeps_the_defaults() -> None:
    lines = transactions(fashionable_shop(customers=20))

    def never(lines: Transactions, policy: TrainingPolicy) -> None:
        raise AssertionError("a trial was made")

    assert tune_blend(lines, SMALL, never) == (SMALL, BlendTuning())  # type: ignore[arg-type]
    assert BLEND_TUNING not in train(lines, SMALL)


def test_what_tuning_found_is_served_from_the_folder(tmp_path: Path) -> None:
    tuning = BlendTuning(doubt=2.0, popular=0.4, habit_days=30.0)
    version = publish(tmp_path, {**random_arrays(), **blend_arrays(tuning)}, Provenance(created=1))
    assert load(tmp_path / version).blend == tuning.policy()


@pytest.mark.parametrize("values", [[1.0], [np.nan] * 7, [-1.0] * 7, [0.0] * 7])
def test_a_tuning_that_cannot_be_is_refused(values: list[float]) -> None:
    with pytest.raises(ModelRefused, match=BLEND_TUNING):
        make_model("m", {**random_arrays(), BLEND_TUNING: np.array(values, np.float32)})


def test_the_last_basket_of_each_customer_is_held_out_but_never_the_only_one() -> None:
    lines = transactions(
        [("ana", 1, "a", 5, ""), ("ana", 2, "b", 9, ""), ("ana", 2, "c", 9, ""), ("bo", 3, "a", 7, "")]
    )
    assert last_baskets(lines).tolist() == [False, True, True, False]


def test_frequent_items_come_first_and_the_popular_ones_after_the_own() -> None:
    lines = transactions(
        [("bo", 1, "tea", 1, ""), ("bo", 2, "tea", 2, ""), ("ana", 3, "mug", 3, ""), ("ana", 4, "jam", 4, "")]
    )
    ana = [Basket("ana", 3, 3, "", ("mug",)), Basket("ana", 4, 4, "", ("jam", "mug"))]
    found = frequency_lists([ana], lines, places=3)
    assert found[EVERYBODY] == [["tea", "jam", "mug"]]
    assert found[PERSONAL] == [["mug", "jam"]]
    assert found[BOTH] == [["mug", "jam", "tea"]]
