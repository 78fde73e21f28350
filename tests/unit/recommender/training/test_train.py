from pathlib import Path

import numpy as np
import pytest

from recommender.model import load, make_model
from recommender.policy import BlendPolicy, TrainingPolicy
from recommender.recommend import Query, recommend
from recommender.training.train import Material, train, train_and_publish
from retail.catalog import item_key
from retail.reference import Reference
from tests.shop import DAY, NOON, bought, customer_who
from tests.unit.recommender.shelves import SMALL, Line, trained, transactions

NOW = NOON // 1000
DAYS = 86_400

TASTE = BlendPolicy(habit=0.0, together=0.0, here=0.0, popular=0.0)


def checkerboard(size: int) -> list[Line]:
    """Customer c buys every item of its colour but the one of its own number."""
    return [
        (f"c{c}", c, f"i{i}", NOW - DAYS, "") for c in range(size) for i in range(size) if i % 2 == c % 2 and i != c
    ]


@pytest.mark.parametrize("customer", range(6))
def test_on_a_checkerboard_the_withheld_item_is_the_best_new_one(customer: int) -> None:
    model = trained(checkerboard(20), TrainingPolicy(factors=8, regularization=0.01))
    own = [line[2] for line in checkerboard(20) if line[0] == f"c{customer}"]
    state = customer_who(bought(*own, at=NOON - DAY), reference=Reference())
    slate = recommend(Query(customer="c", state=state, at=NOON, limit=20), model, Reference(), TASTE)
    new = [item.item for item in slate.items if item.item not in own]
    assert new[0] == f"i{customer}"


def test_neighbours_are_what_was_in_the_same_baskets_the_closest_first() -> None:
    baskets = [("a", "b"), ("a", "b"), ("a", "c"), ("d", "e")]
    model = trained([("c", n, item, NOW, "") for n, basket in enumerate(baskets) for item in basket])
    row = model.items.index("a")
    kept = model.shelf.together_weights[row] > 0
    assert [model.items[n] for n in model.shelf.together[row][kept]] == ["b", "c"]


def test_what_follows_a_click_is_nearer_than_what_came_before_it_or_later() -> None:
    session: list[Line] = [("s", 1, item, NOW + n, "") for n, item in enumerate("abcd")]
    model = trained(session)
    row = model.items.index("b")
    assert [model.items[n] for n in model.shelf.together[row][:3]] == ["c", "a", "d"]


def test_no_item_is_its_own_neighbour() -> None:
    chance = np.random.default_rng(1)
    shelf = trained([(f"c{n % 7}", n % 40, f"i{chance.integers(0, 15)}", NOW, "") for n in range(300)]).shelf
    for near, weights in ((shelf.together, shelf.together_weights), (shelf.alike, shelf.alike_weights)):
        assert not ((near == np.arange(15)[:, None]) & (weights > 0)).any()


def test_what_is_bought_lately_is_more_popular_than_what_was_bought_more_often_long_ago() -> None:
    old: list[Line] = [("c", n, "old", NOW - 365 * DAYS, "") for n in range(9)]
    assert trained([*old, ("c", 99, "new", NOW, "")]).items[0] == "new"


def test_each_store_has_its_own_popular_items() -> None:
    model = trained(
        [("c", n, item, NOW, store) for n, (item, store) in enumerate([("a", "s"), ("b", "s"), ("b", "t")])]
    )
    starts, here = model.shelf.here_starts, model.shelf.here
    popular = {s: {model.items[row] for row in here[starts[n] : starts[n + 1]]} for s, n in model.stores.items()}
    assert popular == {"s": {"a", "b"}, "t": {"b"}}


def test_an_item_twice_on_one_receipt_counts_once() -> None:
    once: list[Line] = [("c", 1, "a", NOW, "s"), ("c", 1, "b", NOW, "s"), ("d", 2, "a", NOW, "s")]
    left, right = train(transactions(once), SMALL), train(transactions([*once, once[0]]), SMALL)
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_training_again_gives_the_same_model() -> None:
    lines = transactions(checkerboard(12))
    first, second = train(lines, SMALL), train(lines, SMALL)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_items_below_the_support_are_unknown_to_the_model() -> None:
    lines: list[Line] = [("c", 1, "often", NOW, ""), ("c", 2, "often", NOW, ""), ("c", 3, "rare", NOW, "")]
    assert trained(lines, TrainingPolicy(support=2, factors=2)).items == ("often",)


def test_rows_and_keys_belong_together() -> None:
    model = make_model("m", train(transactions(checkerboard(12)), SMALL))
    keys = model.shelf.keys.tolist()
    assert [model.items[row] for row in model.shelf.rows] == sorted(model.items, key=item_key)
    assert keys == [item_key(model.items[row]) for row in model.shelf.rows]


def test_a_training_looks_at_nothing_from_its_end_on(tmp_path: Path) -> None:
    lines = transactions([("c", 1, "past", NOW - 1, "s"), ("c", 2, "future", NOW, "s")])
    steps: list[float] = []
    version = train_and_publish(Material(lines, NOW), tmp_path, progress=lambda _, done: steps.append(done))
    model = load(tmp_path / version)
    assert model.items == ("past",)
    assert model.last == NOW - 1
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_a_training_on_nothing_is_refused_and_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing was bought"):
        train_and_publish(Material(transactions([("c", 1, "a", NOW, "")]), until=0), tmp_path)
    assert list(tmp_path.iterdir()) == []
