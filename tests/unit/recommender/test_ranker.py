from dataclasses import replace
from functools import cache
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.arrays import sealed
from recommender.batch import room
from recommender.kernel import answer
from recommender.model import Model, ModelRefused, load, make_model
from recommender.policy import DEEPER
from recommender.publication import Provenance, publish
from recommender.rank_columns import (
    BASKETS_WITH,
    DAYS,
    FAST_HABIT,
    FEATURES,
    GAP,
    HABIT,
    HABIT_10,
    LAST_HABIT,
    MEAN_OVERDUE,
    NEVER,
    OVERDUE,
    PLACE,
    RHYTHMS,
    SCORE,
    TIMES,
)
from recommender.rank_features import Known, Repeats, features_of
from recommender.rank_trees import weigh
from recommender.ranker import PREFIX, Ranker, Trees, ranker_arrays
from recommender.recommend import Query, batch_of, encoded_slates, ranking, recommend
from recommender.training.ranking import BASKETS, Examples, _described, _questions, _tried, learn_ranker, trees_of
from recommender.training.repeats import repeats
from recommender.training.shopping import Basket, after_purchases, along_baskets, recent_baskets
from recommender.training.train import _taught, learn
from recommender.training.transactions import Transactions
from recommender.workspace import Workspace, cached_weights
from retail.catalog import item_key
from retail.customers import EMPTY, CustomerState
from retail.reference import Reference
from retail.slates import decode_slate
from tests.unit.recommender.shelves import SMALL, Arrays, Line, random_arrays, trained, transactions

DAY = 86_400
START = 1_700_000_000
ITEMS = 12


def bought(*visits: tuple[int, str]) -> list[Basket]:
    """Day and items, as "i0 i1"."""
    return [Basket("ana", n, START + day * DAY, "", tuple(items.split())) for n, (day, items) in enumerate(visits)]


def only_habits(column: int = HABIT) -> Trees:
    """The smaller the feature, the better: one tree with one split, at 0."""
    one = np.ones(1, np.int32)
    arrays = (0 * one, column * one, np.zeros(1), -1 * one, -2 * one, np.array([1.0, 0.0]))
    return Trees(*map(sealed, arrays))  # type: ignore[arg-type]


def known(items: int = ITEMS) -> Repeats:
    return Repeats(sealed(np.full(items, 0.3, np.float32)), sealed(np.full(items, 14.0, np.float32)))  # type: ignore[arg-type]


def with_ranker(trees: Trees, seed: int = 0) -> Model:
    return make_model("m", random_arrays(ITEMS, seed) | ranker_arrays(Ranker(trees, known())))


def described(state: CustomerState, day: int, model: Model) -> dict[str, NDArray[np.float32]]:
    """Features by item, as serving makes them."""
    batch = batch_of([Query(customer="ana", state=state, at=(START + day * DAY) * 1000)], model)
    answers, weights = room(1, ITEMS, ITEMS), cached_weights(model.blend)
    answer(model.shelf, batch, weights, Workspace().pad_for(model.shelf, batch, weights), answers)
    table = features_of(Known(model.shelf, model.keys, known()), batch, answers)
    return {model.items[row]: table[0, place] for place, row in enumerate(answers.rows[0, : answers.counts[0]])}


def test_what_was_bought_twice_is_told_by_its_habit_its_gap_and_how_overdue_it_is() -> None:
    model = make_model("m", random_arrays(ITEMS))
    found = described(after_purchases(bought((0, "i0 i1"), (14, "i0"))), 35, model)
    assert found["i0"][GAP] == 14
    assert found["i0"][DAYS] == 21
    assert found["i0"][OVERDUE] == pytest.approx(1.5)
    assert found["i0"][BASKETS_WITH] == 2
    assert found["i0"][LAST_HABIT] == pytest.approx(1 + np.exp(-14 / 120))
    assert found["i1"][DAYS] == 35
    assert found["i2"][HABIT] == 0
    assert found["i2"][DAYS] == NEVER


def test_counters_of_shorter_spans_follow_from_the_one_that_is_kept_and_how_often_it_was_counted() -> None:
    days = (0, 10, 19, 31, 40)
    found = described(
        after_purchases(bought(*((day, "i0") for day in days), (41, "i1"))), 50, make_model("m", random_arrays(ITEMS))
    )
    assert found["i0"][TIMES] == 5
    assert found["i0"][MEAN_OVERDUE] == pytest.approx(1.0, rel=0.05)
    assert found["i0"][FAST_HABIT] == pytest.approx(sum(np.exp((day - 50) / 14) for day in days), rel=0.05)
    assert found["i1"][FAST_HABIT] == pytest.approx(np.exp(-9 / 14), rel=1e-3)
    assert found["i2"][FAST_HABIT] == 0


def test_who_comes_every_day_misses_an_item_sooner_than_who_comes_every_fortnight() -> None:
    model = make_model("m", random_arrays(ITEMS))

    def after(step: int) -> dict[str, NDArray[np.float32]]:
        visits = [(day, "i1 i2") for day in range(0, 112, step)]
        return described(after_purchases(bought((0, "i0"), *visits[1:])), 112, model)

    daily, fortnightly = after(1)["i0"], after(14)["i0"]
    assert daily[DAYS] == fortnightly[DAYS] == 112
    assert daily[RHYTHMS] > 5 * fortnightly[RHYTHMS]
    assert daily[HABIT_10] < fortnightly[HABIT_10]


def test_what_a_customer_does_later_changes_no_feature_of_today() -> None:
    """The state before each basket is the one that serving would have held, whatever was bought after it."""
    model, baskets = make_model("m", random_arrays(ITEMS)), bought((0, "i0"), (7, "i1 i0"), (21, "i2"), (30, "i0 i3"))
    alone = list(along_baskets(EMPTY, baskets[:3]))
    with_later = list(along_baskets(EMPTY, baskets))[:3]
    for basket, before, then in zip(baskets, alone, with_later, strict=False):
        day = (basket.at - START) // DAY
        today, seen_later = described(before, day, model), described(then, day, model)
        assert all(np.array_equal(today[item], seen_later[item]) for item in today)
        assert before == after_purchases(baskets[: baskets.index(basket)])


def due_shop(customers: int = 160, days: int = 100, seed: int = 3) -> list[Line]:
    """Everybody has ten items of forty; some are needed each week, the others each month; weekly visits."""
    chance = np.random.default_rng(seed)
    lines: list[Line] = []
    for customer in range(customers):
        items = chance.choice(40, 10, replace=False)
        offset = chance.integers(0, 28, 10)
        for visit, day in enumerate(range(int(chance.integers(0, 7)), days, 7)):
            due = [item for item, since in zip(items, offset, strict=True) if item < 12 or (day + since) % 28 < 7]
            lines += [(f"c{customer}", 1000 * customer + visit, f"i{item}", START + day * DAY, "") for item in due]
    return lines


@cache
def learned() -> tuple[Transactions, Model, Trees, str]:
    lines = transactions(due_shop())
    order, why = learn_ranker(lines, lambda some: make_model("trial", taught(some)), SMALL)
    assert order is not None, why
    arrays = taught(lines)
    ranker = Ranker(order.trees, repeats(lines, list(make_model("", arrays).items)), order.depth)
    return lines, make_model("m", arrays | ranker_arrays(ranker)), order.trees, why


def taught(lines: Transactions) -> Arrays:
    return _taught(lines, SMALL, lambda doing, part: None)


def test_what_is_due_comes_before_what_was_bought_last_week() -> None:
    """The blend prefers what was bought lately; only the ranker knows that a monthly item then rests."""
    _, model, _, _ = learned()
    monthly = {0: " i31", 21: " i30", 28: " i31", 49: " i30", 56: " i31", 77: " i30"}
    state = after_purchases(bought(*((day, "i2 i3" + monthly.get(day, "")) for day in range(0, 84, 7))))
    query = Query(customer="ana", state=state, at=(START + 84 * DAY) * 1000)
    rows = {ranked: ranking([query], model, replace(model.blend, ranked=ranked)).rows[0].tolist() for ranked in (0, 99)}
    due, resting = model.row("i31"), model.row("i30")
    assert rows[0].index(resting) < rows[0].index(due)
    assert rows[99].index(due) < rows[99].index(resting)


def test_serving_ranks_by_the_very_features_that_training_saw() -> None:
    lines, model, trees, _ = learned()
    assert model.ranker is not None
    for query, basket in _questions(lines.only(lines.customer < 5), BASKETS[-1]):
        features, _, sizes = _described([(query, basket)], model, model.ranker.repeats)
        worth = np.empty((1, len(features)))
        weigh(trees, features[None], sizes.astype(np.int32), worth)
        order = np.argsort(-worth[0], kind="stable")
        plain = ranking([query], model, replace(model.blend, ranked=0, spare=len(features)))
        expected = plain.rows[0][order][:20].tolist()
        assert ranking([query], model, model.blend).rows[0, :20].tolist() == expected


class Says:
    """Trees that rank by the first feature."""

    best_iteration = 1

    def predict(self, features: NDArray[np.float32], num_iteration: int) -> NDArray[np.float32]:
        return features[:, 0]


def test_few_judges_whom_trees_suit_by_chance_do_not_get_a_ranker() -> None:
    """Of forty baskets the trees find three that the blend missed: 1.8 standard errors."""
    baskets, candidates = 40, 11
    wanted = np.tile(np.arange(candidates) == candidates - 1, baskets)
    features = np.zeros((baskets * candidates, len(FEATURES)), np.float32)
    features[:, SCORE] = ~wanted
    features[:, 0] = np.where(np.arange(len(wanted)) < 3 * candidates, wanted, ~wanted)
    one = np.ones(baskets, np.int64)
    judges = Examples(features, wanted, candidates * one, one, np.arange(baskets))
    order, why = _tried(Says(), judges)  # type: ignore[arg-type]
    assert order is None
    assert "not better than the blend" in why


class Enough(Exception):
    pass


def test_no_line_that_the_ranker_is_asked_about_is_in_the_model_behind_its_features() -> None:
    lines, seen = transactions(due_shop()), []

    def teach(some: Transactions) -> Model:
        seen.append(some)
        raise Enough

    with pytest.raises(Enough):
        learn_ranker(lines, teach, SMALL)
    asked = lines.only(recent_baskets(lines, BASKETS[-1]))
    assert not set(seen[0].basket.tolist()) & set(asked.basket.tolist())
    newest = {customer: seen[0].at[seen[0].customer == customer].max() for customer in set(seen[0].customer.tolist())}
    assert all(at > newest[customer] for customer, at in zip(asked.customer.tolist(), asked.at.tolist(), strict=True))


def test_what_lies_deeper_than_is_put_in_order_is_not_found() -> None:
    wanted = np.arange(50) == 45
    one = np.array([1])
    asked = Examples(np.zeros((50, len(FEATURES)), np.float32), wanted, np.array([50]), one, one)
    assert asked.recalls(wanted.astype(float), 30).tolist() == [0.0]
    assert asked.recalls(wanted.astype(float), 60).tolist() == [1.0]


def test_the_trees_say_what_lightgbm_says() -> None:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(2000, len(FEATURES))).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] > 0.3).astype(int)
    data = lightgbm.Dataset(x, y, group=[50] * 40)
    booster = lightgbm.train({"objective": "lambdarank", "verbosity": -1, "num_threads": 1}, data, 60)
    worth = np.empty((1, len(x)))
    weigh(trees_of(booster), x[None], np.array([len(x)], np.int32), worth)
    assert np.abs(worth[0] - booster.predict(x)).max() < 4e-6


def test_a_ranker_moves_items_but_the_scale_of_scores_stays_the_blends() -> None:
    state = after_purchases(bought((0, "i3 i5"), (9, "i5 i7")))
    query = Query(customer="ana", state=state, at=(START + 12 * DAY) * 1000, limit=ITEMS)
    ranked, plain = with_ranker(only_habits()), make_model("m", random_arrays(ITEMS))
    after, before = recommend(query, ranked, Reference()), recommend(query, plain, Reference())
    assert [item.score for item in after.items] == [item.score for item in before.items]
    assert {item.item for item in after.items} == {item.item for item in before.items}
    assert [item.item for item in after.items] != [item.item for item in before.items]
    sources = {item.item: (item.source, item.because) for item in before.items}
    assert all(sources[item.item] == (item.source, item.because) for item in after.items)


def test_the_ranker_orders_the_best_hundred_however_deep_the_ranking_is() -> None:
    """With the last of whatever it is given as its favourites."""
    last = only_habits(PLACE)._replace(thresholds=sealed(np.array([99.5])), leaves=sealed(np.array([0.0, 1.0])))  # type: ignore[arg-type]
    model = make_model("m", random_arrays(150) | ranker_arrays(Ranker(last, known(150))))
    shallow = replace(model.blend, popular_depth=150)
    query = Query(customer="ana", state=after_purchases(bought((0, "i3 i5"))), at=(START + 2 * DAY) * 1000)
    deep = recommend(query, model, Reference(), replace(shallow, spare=DEEPER))
    assert deep == recommend(query, model, Reference(), shallow)


def test_of_whom_nothing_is_known_the_blend_decides() -> None:
    query = Query(customer="new", state=EMPTY, at=START * 1000)
    ranked = recommend(query, with_ranker(only_habits(SCORE)), Reference())
    assert ranked == recommend(query, make_model("m", random_arrays(ITEMS)), Reference())


def test_warm_slates_are_the_blends() -> None:
    state = after_purchases(bought((0, "i3 i5"), (9, "i5 i7")))
    query = Query(customer="ana", state=state, at=(START + 12 * DAY) * 1000)
    [warm] = encoded_slates([query], with_ranker(only_habits()), Reference())
    assert decode_slate(warm) == recommend(query, make_model("m", random_arrays(ITEMS)), Reference())


def test_a_shop_with_few_baskets_gets_no_ranker_and_its_model_says_why(tmp_path: Path) -> None:
    lines = transactions([(f"c{n}", 10 * n + visit, "milk", START + visit, "") for n in range(5) for visit in range(4)])
    found = learn(lines, SMALL)
    assert "5 baskets" in found.notes["ranker"]
    version = publish(tmp_path, found.arrays, Provenance(created=1, notes=found.notes))
    model = load(tmp_path / version)
    assert model.ranker is None
    assert model.blend.ranked == 0
    assert "no ranker" in (tmp_path / version / "manifest.json").read_text()


def test_a_ranker_is_served_from_the_folder(tmp_path: Path) -> None:
    ranker = ranker_arrays(Ranker(only_habits(), known(), depth=60))
    model = load(tmp_path / publish(tmp_path, random_arrays() | ranker, Provenance(created=1)))
    assert model.ranker is not None
    assert model.blend.ranked == 60
    assert model.ranker.trees.leaves.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("left", np.array([0], np.int32), "leads back"),
        ("right", np.array([-3], np.int32), "points outside"),
        ("features", np.array([99], np.int32), "points outside"),
        ("columns", np.array([3], np.int32), "train again"),
        ("depth", np.array([0], np.int32), "depth"),
        ("thresholds", np.array([np.nan]), "cannot be"),
        ("gaps", np.zeros(ITEMS, np.float32), "cannot be"),
        ("again", np.zeros(3, np.float32), "items"),
        ("leaves", np.zeros(2, np.float32), "no list of"),
    ],
)
def test_a_ranker_that_could_not_be_walked_is_refused(name: str, value: NDArray[np.generic], complaint: str) -> None:
    arrays = random_arrays() | ranker_arrays(Ranker(only_habits(), known()))
    with pytest.raises(ModelRefused, match=complaint):
        make_model("m", arrays | {PREFIX + name: value})


def test_how_an_item_is_bought_again_is_counted_per_customer() -> None:
    visits = [("ana", day, "milk", START + day * DAY, "") for day in range(0, 400, 4)]
    lines = transactions([*visits, ("bo", 999, "lamp", START, "")])
    model = trained([*visits, ("bo", 999, "lamp", START, "")])
    found = repeats(lines, list(model.items))
    milk, lamp = model.row("milk"), model.row("lamp")
    assert item_key("milk") == int(model.keys[milk])
    assert found.gaps[milk] == pytest.approx(4)
    assert found.again[milk] > found.again[lamp]
