import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.batch import Batch, room, scratch, weights_of
from recommender.kernel import answer, find
from recommender.model import Model, make_model
from recommender.policy import BlendPolicy
from recommender.recommend import Query, recommend_many
from recommender.records import HABIT, INTERACTION, pack
from retail import habits, history
from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel
from retail.reference import Reference
from tests.shop import NOON
from tests.unit.recommender.shelves import random_arrays
from tests.unit.recommender.slow_blend import slow_scores

DAY = 86_400
NOW = NOON // 1000
ITEMS = 14
BLEND = BlendPolicy(doubt=1.5, basis=4, seeds=3, kin=2, popular_depth=4)
DECAY = BLEND.habit_decay.total_seconds()

seeds = st.integers(0, 10_000)


def somebody(chance: np.random.Generator) -> CustomerState:
    """Habits and a history over the shelf's items and two that no shelf knows."""
    habit, interaction = b"", b""
    for _ in range(chance.integers(0, 12)):
        key = item_key(f"i{chance.integers(0, ITEMS + 2)}")
        habit = habits.add(habit, [key], NOW - int(chance.integers(0, 300 * DAY)), DECAY, 256)
    for _ in range(chance.integers(0, 8)):
        key, at = item_key(f"i{chance.integers(0, ITEMS + 2)}"), NOW - int(chance.integers(0, 8 * 3600))
        record = history.pack(key, at, Interaction(int(chance.integers(1, 5))), Channel.WEB)
        interaction = history.insert(interaction, record, at, 50)
    return CustomerState(habits=habit, history=interaction)


def kernel_scores(model: Model, states: list[CustomerState], stores: list[int]) -> list[dict[int, float]]:
    habit, past = pack([s.habits for s in states], HABIT), pack([s.history for s in states], INTERACTION)
    batch = Batch(
        habit.records,
        habit.starts,
        past.records,
        past.starts,
        np.full(len(states), NOW, np.int64),
        np.array(stores, np.int32),
    )
    weights = weights_of(BLEND)
    out = room(len(states), ITEMS)
    answer(model.shelf, batch, weights, scratch(model.shelf, batch, weights), out)
    return [
        dict(zip(out.rows[q, :count].tolist(), out.scores[q, :count].tolist(), strict=True))
        for q, count in enumerate(out.counts)
    ]


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_the_kernel_scores_as_the_plain_definition_does(seed: int) -> None:
    chance = np.random.default_rng(seed)
    model = make_model("random", random_arrays(ITEMS, seed))
    states = [somebody(chance) for _ in range(5)]
    stores = chance.integers(-1, 2, 5).tolist()
    for state, store, scores in zip(states, stores, kernel_scores(model, states, stores), strict=True):
        assert scores == pytest.approx(slow_scores(model.shelf, BLEND, state, NOW, store), rel=2e-3, abs=2e-3)
        assert list(scores.values()) == sorted(scores.values(), reverse=True)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_customer_is_answered_alike_alone_and_in_a_crowd(seed: int) -> None:
    chance = np.random.default_rng(seed)
    model = make_model("random", random_arrays(ITEMS, seed))
    queries = [Query(customer=str(n), state=somebody(chance), at=NOON, limit=int(n % 3 + 1)) for n in range(6)]
    together = recommend_many(queries, model, Reference())
    assert together == [recommend_many([query], model, Reference())[0] for query in queries]


@given(seeds, st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_the_best_of_a_short_list_are_the_best_of_a_long_one(seed: int, limit: int) -> None:
    state = somebody(np.random.default_rng(seed))
    model = make_model("random", random_arrays(ITEMS, seed))
    long, short = (
        recommend_many([Query(customer="", state=state, at=NOON, limit=n)], model, Reference())[0].items
        for n in (ITEMS, limit)
    )
    assert short == long[:limit]


def test_every_item_is_found_by_its_key_and_no_other() -> None:
    shelf = make_model("random", random_arrays(300)).shelf
    assert [find(shelf, np.uint64(item_key(f"i{row}"))) for row in range(300)] == list(range(300))
    assert {find(shelf, np.uint64(item_key(f"x{n}"))) for n in range(300)} == {-1}


def test_equally_good_items_come_the_more_popular_first() -> None:
    arrays = random_arrays(ITEMS)
    arrays["popularity"] = np.ones(ITEMS, np.float32)
    (scores,) = kernel_scores(make_model("flat", arrays), [CustomerState()], [-1])
    assert list(scores) == [0, 1, 2, 3]
