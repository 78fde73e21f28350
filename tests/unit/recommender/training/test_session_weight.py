import numpy as np

from recommender.blend import BlendTuning
from recommender.evaluation.contenders import BLEND as SHIPPED
from recommender.evaluation.contenders import SESSIONS
from recommender.evaluation.sessions import evaluate_sessions
from recommender.model import Model, make_model
from recommender.training.session_log import log_of
from recommender.training.session_weight import as_one_session, held_out, questions_of, weigh_sessions
from recommender.training.train import train
from recommender.training.transactions import Transactions
from tests.unit.recommender.shelves import SMALL, transactions

ITEMS, STEPS = 120, 8


def walks(sessions: int, seed: int, first: int = 0) -> Transactions:
    """A shop of few items: from each, people go on to one of forty, and a few of all items are on every page."""
    chance, lines = np.random.default_rng(seed), []
    for session in range(first, first + sessions):
        item = int(chance.integers(ITEMS))
        for step in range(STEPS):
            lines.append((f"s{session}", session, f"i{item}", 1000 * session + step, ""))
            onward = (item * 7 + 1 + chance.integers(40)) % ITEMS
            item = int(onward if chance.random() < 0.85 else chance.integers(10))
    return transactions(lines)


def test_where_sessions_say_it_all_their_weight_is_raised_until_nothing_comes_between() -> None:
    lines = walks(300, seed=1)
    late = held_out(lines)
    early = lines.only(~late)
    model = make_model("m", train(early, SMALL, sessions=early))
    questions = questions_of(lines.only(late), model, seed=1)
    start = BlendTuning(session=0.0)
    found = weigh_sessions(questions, start, alone=False)
    assert found.session > 1.0
    lists = [questions.found(as_one_session(tuning.policy())).any(axis=1).mean() for tuning in (start, found)]
    assert lists[1] > lists[0]


def test_what_is_shipped_is_not_worse_than_sessions_alone() -> None:
    report = evaluate_sessions(walks(300, seed=1), walks(60, seed=2, first=300))
    assert report.models[SHIPPED]["HR@20"] >= report.models[SESSIONS]["HR@20"] - 0.01
    assert {"weight of session", "weight of taste", "weight of popular"} <= report.tuning.keys()


def test_where_sessions_are_few_their_weight_stays_as_it_is() -> None:
    few = walks(5, seed=1)
    assert weigh_sessions(questions_of(few, Model.empty(), 1), BlendTuning(), alone=True) == BlendTuning()


def test_only_the_newest_sessions_are_asked_about() -> None:
    lines = walks(50, seed=1)
    late = held_out(lines)
    assert 0 < late.sum() < len(lines)
    assert lines.at[late].min() > lines.at[~late].max()


def test_sessions_whose_times_only_count_their_clicks_are_in_the_order_of_the_file() -> None:
    lines = transactions(
        [("s1", 1, item, place, "") for place, item in enumerate("abc")]
        + [("s2", 2, "d", 0, ""), ("s2", 2, "e", 1, "")]
    )
    assert [lines.items[row] for row in log_of(lines).clicks] == ["a", "b", "c", "d", "e"]
