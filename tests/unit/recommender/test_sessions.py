import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from recommender.model import Model, ModelRefused, load, make_model
from recommender.policy import BlendPolicy
from recommender.publication import Provenance, publish
from recommender.recommend import Query, recommend, recommend_many
from recommender.session_build import Log, index_sessions
from recommender.session_desk import Questions, desk, places
from recommender.session_index import SessionIndex, Tuning, session_arrays
from recommender.session_kernel import choose, follow_up
from recommender.training.train import train
from recommender.training.tuning import Trial, tune
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Source
from tests.shop import HOUR, MINUTE, NOON, customer_who, shop, viewed
from tests.unit.recommender.shelves import SMALL, random_arrays, transactions

SECONDS = NOON // 1000

Sessions = list[list[int]]

SHOWN = BlendPolicy()


def log_of(sessions: Sessions) -> Log:
    lengths = [len(session) for session in sessions]
    clicks = np.array([item for session in sessions for item in session], np.int32)
    return Log(clicks, np.concatenate(([0], np.cumsum(lengths))).astype(np.int64))


def index_of(sessions: Sessions, items: int = 8) -> SessionIndex:
    return index_sessions(log_of(sessions), np.linspace(1.0, 0.1, items).astype(np.float32))


def asked(index: SessionIndex, tuning: Tuning, *sessions: list[int], k: int = 8) -> list[dict[int, float]]:
    """Score by item row for each of the sessions, the best first."""
    ends = np.cumsum([len(session) for session in sessions]).astype(np.int64)
    rows = np.array([item for session in sessions for item in session], np.int32)
    starts = np.concatenate(([0], ends[:-1])).astype(np.int64)
    found = places(len(sessions), k)
    follow_up(index, tuning, Questions(rows, starts, ends), desk(index, tuning), found)
    return [
        {row: score for row, score in zip(rows_.tolist(), scores.tolist(), strict=True) if row >= 0}
        for rows_, scores in zip(found.rows, found.scores, strict=True)
    ]


def slow_votes(sessions: Sessions, tuning: Tuning, session: list[int]) -> dict[int, float]:
    """What the most similar past sessions vote for, from the description alone, no index: the largest scaled to 1."""
    own = {item: steps for steps, item in reversed(list(enumerate(reversed(session))))}
    votes: dict[int, float] = {}
    met: list[tuple[float, int, list[int], int]] = []
    for number, other in enumerate(sessions):
        shared = [item for item in own if item in other]
        if not shared:
            continue
        score = sum(math.exp(-own[item] / tuning.fading) for item in shared) / len(other) ** tuning.shortness
        score *= math.exp((math.floor(number * 1024 / len(sessions)) / 1024 - 1) / tuning.age)
        newest = min(shared, key=lambda item: own[item])
        met.append((score, number, other, max(place for place, item in enumerate(other) if item == newest)))
    for score, _, other, match in sorted(met, reverse=True)[: int(tuning.neighbours)]:
        for place, item in enumerate(other):
            if place != match:
                fade = math.exp(-(abs(place - match) - 1) / tuning.reach) * (1 if place > match else tuning.backward)
                votes[item] = votes.get(item, 0.0) + score * fade
    most = max(votes.values(), default=1.0)
    return {item: vote / most for item, vote in votes.items() if vote > 0}


ONLY_VOTES = Tuning(rarity=0.0, follow=0.0, popular=0.0, age=2.0)
CLICKS = some.lists(some.integers(0, 7), min_size=1, max_size=6)


@settings(max_examples=40)
@given(some.lists(CLICKS, min_size=1, max_size=12), CLICKS)
def test_neighbours_vote_as_the_plain_definition_says(sessions: Sessions, session: list[int]) -> None:
    (found,) = asked(index_of(sessions), ONLY_VOTES, session)
    voted = {item: score for item, score in found.items() if score > 0}
    assert voted == pytest.approx(slow_votes(sessions, ONLY_VOTES, session), rel=1e-4)


@settings(max_examples=30)
@given(some.lists(CLICKS, min_size=20, max_size=60), CLICKS, some.integers(1, 30))
def test_of_many_sessions_the_most_similar_have_a_vote(sessions: Sessions, session: list[int], most: int) -> None:
    tuning = ONLY_VOTES._replace(neighbours=float(most))
    (found,) = asked(index_of(sessions), tuning, session)
    voted = {item: score for item, score in found.items() if score > 0}
    assert voted == pytest.approx(slow_votes(sessions, tuning, session), rel=1e-4)


def test_sessions_that_are_all_worth_nothing_any_more_do_no_harm() -> None:
    (found,) = asked(index_of([[0, 1], [0, 2], [1, 2]] * 30), ONLY_VOTES._replace(neighbours=5.0, age=1e-4), [0])
    assert all(score == 0.0 or math.isfinite(score) for score in found.values())


@settings(max_examples=20)
@given(some.lists(CLICKS, min_size=2, max_size=12), some.lists(CLICKS, min_size=2, max_size=5))
def test_a_session_is_answered_alike_alone_and_in_a_crowd(sessions: Sessions, questions: Sessions) -> None:
    index = index_of(sessions)
    crowd = asked(index, Tuning(again=0.3, current=0.2), *questions)
    assert crowd == [asked(index, Tuning(again=0.3, current=0.2), session)[0] for session in questions]


def test_only_the_newest_sessions_of_an_item_are_looked_at() -> None:
    index = index_of([[0, 1]] * 3 + [[0, 2]] * 2)
    (found,) = asked(index, ONLY_VOTES._replace(newest=2.0), [0])
    assert {item for item, score in found.items() if score > 0} == {2}


def test_of_the_neighbours_the_most_similar_have_a_vote() -> None:
    index = index_of([[0, 3, 1], [3, 2], [3, 4]])
    (found,) = asked(index, ONLY_VOTES._replace(neighbours=1.0, age=1e6), [0, 3])
    assert {item for item, score in found.items() if score > 0} <= {0, 1, 3}


SCORES = some.floats(2.0**-20, 2.0, width=32) | some.sampled_from([0.5, 0.25, float(np.float32(0.1))])


@settings(max_examples=60)
@given(some.lists(SCORES, min_size=1, max_size=60), some.integers(1, 20))
def test_who_votes_is_who_scores_most_and_of_equals_the_newer(scores: list[float], neighbours: int) -> None:
    index = index_of([[0, 1]] * len(scores))
    scratch = desk(index, Tuning(neighbours=float(neighbours)))
    scratch.counts[0] = len(scores)
    scratch.session_scores[: len(scores)] = scores
    scratch.sessions[: len(scores)] = np.arange(len(scores))
    chosen = scratch.chosen[: choose(scratch)].tolist()
    best = sorted(range(len(scores)), key=lambda session: (scores[session], session), reverse=True)
    assert sorted(chosen) == sorted(best[:neighbours])


def test_what_usually_follows_comes_before_what_usually_came_before() -> None:
    (found,) = asked(index_of([[1, 0, 2]] * 5), Tuning(backward=0.4), [0])
    assert list(found)[:2] == [2, 1]


def test_the_item_just_clicked_is_answered_only_where_it_is_clicked_again() -> None:
    index = index_of([[0, 1], [0, 0, 2]])
    assert 0 not in asked(index, Tuning(current=-1.0), [0])[0]
    assert next(iter(asked(index, Tuning(current=2.0), [0])[0])) == 0


def test_unknown_items_of_a_session_are_passed_over() -> None:
    index = index_of([[0, 1]])
    assert next(iter(asked(index, Tuning(), [0, -1])[0])) == 1
    assert asked(index, Tuning(), [-1]) == [{}]


def test_an_empty_log_answers_nothing() -> None:
    assert asked(index_of([]), Tuning(), [0], []) == [{0: pytest.approx(0.01)}, {}]


def test_a_shop_where_everything_is_clicked_twice_is_tuned_to_answer_it_again() -> None:
    chance = np.random.default_rng(5)
    sessions = [np.repeat(chance.integers(0, 8, 3), 2).tolist() for _ in range(300)]
    tuning = tune(log_of(sessions), np.ones(8, np.float32), seed=1)
    assert tuning.current > 0.0


def test_a_small_log_keeps_the_defaults() -> None:
    assert tune(log_of([[0, 1]] * 20), np.ones(8, np.float32), seed=1) == Tuning()


def test_a_trial_asks_of_the_newest_sessions_and_learns_from_the_older_ones_alone() -> None:
    trial = Trial(log_of([[0, 1]] * 80 + [[2, 3]] * 20), np.ones(8, np.float32), seed=1)
    assert len(trial) == 20
    assert trial.worth(Tuning(popular=0.0), 20) < math.log(0.01)


WATCHED = [
    (f"s{n}", n, item, SECONDS - 86_400 + 60 * n + place, "")
    for n, session in enumerate([("bread", "cheese", "mug"), ("milk", "croissant"), ("lamp", "mug")] * 8)
    for place, item in enumerate(session)
]


@pytest.fixture(scope="module")
def model() -> Model:
    lines = transactions(WATCHED)
    return make_model("watched", train(lines, SMALL, sessions=lines))


def slate_of(model: Model, state: CustomerState) -> dict[str, tuple[Source, str]]:
    slate = recommend(Query(customer="ana", state=state, at=NOON), model, shop(), SHOWN)
    return {item.item: (item.source, item.because) for item in slate.items}


def test_who_looks_at_the_bread_is_shown_what_others_went_on_to_and_why(model: Model) -> None:
    slate = slate_of(model, customer_who(viewed("bread", at=NOON - MINUTE)))
    assert next(iter(slate.items())) == ("cheese", (Source.SIMILAR_SESSIONS, "bread"))


def test_what_was_looked_at_before_the_pause_is_another_session(model: Model) -> None:
    slate = slate_of(model, customer_who(viewed("bread", at=NOON - HOUR)))
    assert Source.SIMILAR_SESSIONS not in {source for source, _ in slate.values()}


def test_customers_outside_a_session_are_answered_as_without_the_session_model(model: Model) -> None:
    plain = make_model("watched", train(transactions(WATCHED), SMALL))
    queries = [
        Query(customer="ana", state=customer_who(viewed("bread", at=NOON - HOUR)), at=NOON),
        Query(customer="bo", state=CustomerState(), at=NOON),
    ]
    assert recommend_many(queries, model, Reference()) == recommend_many(queries, plain, Reference())


def test_a_click_changes_the_next_answer(model: Model) -> None:
    before = slate_of(model, customer_who(viewed("bread", at=NOON - 2 * MINUTE)))
    after = slate_of(model, customer_who(viewed("bread", at=NOON - 2 * MINUTE), viewed("lamp", at=NOON - MINUTE)))
    assert next(iter(before)) == "cheese"
    assert next(iter(after)) == "mug"


def test_a_published_model_answers_sessions_as_the_trained_one(model: Model, tmp_path: pytest.TempPathFactory) -> None:
    lines = transactions(WATCHED)
    folder = tmp_path / "models"  # type: ignore[operator]
    version = publish(folder, train(lines, SMALL, sessions=lines), Provenance(created=NOON))
    served, state = load(folder / version), customer_who(viewed("bread", at=NOON - MINUTE))
    assert served.tuning == model.tuning
    assert slate_of(served, state) == slate_of(model, state)


@pytest.mark.parametrize(
    ("name", "broken", "complaint"),
    [
        ("session_clicks", np.array([99, 0, 1], np.int32), "points outside"),
        ("session_entries", np.array([7, 0, 0], np.int32), "points outside"),
        ("session_starts", np.array([0, 9], np.int64), "does not divide"),
        ("session_tuning", np.array([1.0], np.float32), "numbers"),
        ("session_rarity", np.zeros(3, np.float32), "items"),
    ],
)
def test_arrays_that_would_lead_the_kernel_astray_are_refused(
    name: str, broken: np.ndarray[tuple[int], np.dtype[np.generic]], complaint: str
) -> None:
    index = index_sessions(log_of([[0, 1, 2]]), np.ones(12, np.float32))
    whole = {**random_arrays(), **session_arrays(index, Tuning())}
    make_model("whole", whole)
    with pytest.raises(ModelRefused, match=complaint):
        make_model("broken", {**whole, name: broken})
