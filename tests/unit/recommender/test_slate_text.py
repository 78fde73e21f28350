import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.batch import SOURCE_OF_CODE, Answers, room
from recommender.filters import Filters
from recommender.model import Model, make_model, texts
from recommender.recommend import Query, encoded_slates, recommend_many
from recommender.sieve import Left, left_over
from recommender.slate_text import item_texts, write_slates
from retail.catalog import Item, item_key
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import encode_slate
from tests.shop import NOON
from tests.unit.recommender.shelves import random_arrays
from tests.unit.recommender.test_kernel import somebody

MODELS = [make_model("m", random_arrays(items=14, seed=seed)) for seed in range(3)] + [Model.empty()]


def catalog(chance: np.random.Generator) -> Reference:
    """Some of the items, some of them not available; or nothing at all."""
    reference = Reference()
    for row in range(chance.integers(0, 16)):
        if chance.random() < 0.8:
            reference.put_item(f"i{row}", Item(id=f"i{row}", available=bool(chance.random() < 0.7)))
    return reference


def asked(chance: np.random.Generator, number: int) -> Query:
    state = somebody(chance) if number % 4 else CustomerState()
    cart = {f"i{row}": 1 for row in chance.integers(0, 16, chance.integers(0, 4)).tolist()}
    return Query(
        customer=f'cus"tomer-{number}',
        state=CustomerState(version=number, history=state.history, habits=state.habits, cart=cart),
        at=NOON + int(chance.integers(0, 3_600_000)),
        store=["", "s0", "s1", "nowhere"][int(chance.integers(0, 4))],
        limit=int(chance.integers(1, 16)),
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS))
def test_slates_are_written_as_they_would_be_encoded(seed: int, model: Model) -> None:
    chance = np.random.default_rng(seed)
    reference, queries = catalog(chance), [asked(chance, number) for number in range(6)]
    slates = recommend_many(queries, model, reference)
    assert encoded_slates(queries, model, reference) == [encode_slate(slate) for slate in slates]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS))
def test_the_sieve_and_the_filters_agree(seed: int, model: Model) -> None:
    chance = np.random.default_rng(seed)
    reference, queries = catalog(chance), [asked(chance, number) for number in range(6)]
    for query, slate in zip(queries, recommend_many(queries, model, reference), strict=True):
        filters = Filters(reference.items, query.state.cart)
        assert [filters.refusal(kept.item) for kept in slate.items] == [""] * len(slate.items)
        for dropped in slate.dropped:
            assert dropped.reason == filters.refusal(dropped.item) or dropped.reason == "in_view"


def test_nobody_asked_is_nothing_written() -> None:
    assert encoded_slates([], MODELS[0], Reference()) == []


@pytest.mark.parametrize("name", ['say "cheese"', "back\\slash", "tab\t", "crème", "ñandú 🧀", "x" * 256])
def test_ids_of_any_text_are_written_as_json(name: str) -> None:
    arrays = random_arrays(items=1)
    arrays |= {"item_ids": texts([name]), "keys": np.array([item_key(name)], np.uint64)}
    query = Query(customer=name, state=CustomerState(), at=NOON, placement=name, limit=1)
    model = make_model(
        "m",
        arrays
        | {
            "here": arrays["here"][:0],
            "here_weights": arrays["here_weights"][:0],
            "here_starts": np.zeros(3, np.int64),
        },
    )
    [written] = encoded_slates([query], model, Reference())
    assert written == encode_slate(recommend_many([query], model, Reference())[0])
    assert json.loads(written)["items"][0]["item"] == name


def one_item(score: float) -> tuple[Answers, Left]:
    answers = room(1, 1)
    answers.rows[0], answers.scores[0], answers.sources[0] = 0, score, SOURCE_OF_CODE.index("popular")
    answers.evidence[0], answers.counts[0] = -1, 1
    return answers, left_over(1, 1)


@given(st.one_of(st.floats(0, 2000, width=32), st.integers(0, 30_000).map(lambda ticks: ticks / 10_000)))
def test_scores_are_written_with_four_decimals_at_most(score: float) -> None:
    [written] = write_slates(item_texts(["bread"]), *one_item(score))
    rounded = float(np.float32(score).astype(np.float64).round(4))
    assert written == b'"items":[{"item":"bread","score":%b,"source":"popular"}]' % json.dumps(rounded).encode()
