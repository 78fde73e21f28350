"""`caudal evaluate sessions`: after every click of a test session, the next one is predicted."""

import time
from pathlib import Path

import numpy as np

from recommender.evaluation import metrics
from recommender.evaluation.asking import latency, lists
from recommender.evaluation.contenders import CONTENDERS, PERSONAL
from recommender.evaluation.report import Figures, Report
from recommender.evaluation.shopping import along_clicks, clicks_by_session
from recommender.model import Model, make_model
from recommender.policy import BlendPolicy
from recommender.recommend import Query
from recommender.training.progress import Progress, silent
from recommender.training.table import TableRefused, read_sessions
from recommender.training.train import TRAINING, train
from recommender.training.transactions import Transactions

PLACES = 20
"""Length of the lists that are judged."""


def evaluate_sessions(training: Path | Transactions, test: Path | Transactions, progress: Progress = silent) -> Report:
    """training, test: files `session_id item_id timestamp`, or their lines.

    Every prefix of a test session asks for its next item; the item just clicked is on the screen and never answered.
    Next items that training never saw count as missed. Raises TableRefused: what cannot be read, or nothing to judge.
    """
    began = time.perf_counter()
    progress("reading", 0.0)
    taught, asked = (lines if isinstance(lines, Transactions) else read_sessions(lines) for lines in (training, test))
    queries, wanted, single = _cases(asked)
    if not queries or not len(taught):
        raise TableRefused(f"{training}, {test}: lines to learn from and a test session of two clicks are needed")
    model = make_model("evaluated", train(taught, TRAINING, lambda doing, done: progress(doing, 0.1 + 0.7 * done)))
    progress("judging", 0.8)
    return Report(
        form="sessions",
        n=len(queries),
        trained_on=len(taught),
        items=len(model.items),
        skipped={"sessions of a single click": single},
        models={
            name: _figures(queries, wanted, model, policy) for name, policy in CONTENDERS.items() if name != PERSONAL
        },
        latency=latency(queries, model),
        seed=TRAINING.seed,
        seconds=round(time.perf_counter() - began, 1),
    )


def _cases(lines: Transactions) -> tuple[list[Query], list[list[str]], int]:
    """Queries, what each wanted, and how many sessions had nothing to predict."""
    queries: list[Query] = []
    wanted: list[list[str]] = []
    single = 0
    for clicks in clicks_by_session(lines):
        single += len(clicks) == 1
        for number, (state, following) in enumerate(along_clicks(clicks)):
            at = clicks[number].at * 1000
            queries.append(Query(customer=following.session, state=state, at=at, limit=PLACES))
            wanted.append([following.item])
    return queries, wanted, single


def _figures(queries: list[Query], wanted: list[list[str]], model: Model, policy: BlendPolicy) -> Figures:
    places = metrics.places_of(list(lists(queries, model, policy)), wanted)
    return {
        "HR@10": metrics.hit_rate(places, 10),
        "HR@20": metrics.hit_rate(places, PLACES),
        "MRR@20": metrics.reciprocal_rank(places, PLACES),
        "NDCG@10": metrics.discounted_gain(places, np.ones(len(wanted), np.int64), 10),
    }
