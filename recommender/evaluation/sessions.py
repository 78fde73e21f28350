"""`caudal evaluate sessions`: after every click of a test session, the next one is predicted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import metrics
from recommender.evaluation.asking import latency, lists, quick_lists
from recommender.evaluation.contenders import BLEND, Contender, session_contenders
from recommender.evaluation.metrics import Values
from recommender.evaluation.report import Report, intervals, means
from recommender.model import Model, make_model
from recommender.policy import BlendPolicy
from recommender.recommend import Query
from recommender.training.progress import Progress, silent
from recommender.training.session_weight import VALUES
from recommender.training.shopping import along_clicks, clicks_by_session
from recommender.training.table import TableRefused, read_sessions
from recommender.training.train import TRAINING, train
from recommender.training.transactions import Transactions

PLACES = 20
"""Length of the lists that are judged."""

Ask = Callable[[list[Query], Model, BlendPolicy], Iterator[list[str]]]


@dataclass(frozen=True)
class Cases:
    """queries, and what each wanted. sessions: number of the session of each. single: sessions of one click."""

    queries: list[Query]
    wanted: list[list[str]]
    sessions: list[int]
    single: int


def evaluate_sessions(
    training: Path | Transactions, test: Path | Transactions, progress: Progress = silent, shortest: int = 1
) -> Report:
    """training, test: files `session_id item_id timestamp`, or their lines.

    Every prefix of a test session, of `shortest` clicks or more, asks for its next item. Whether the item just
    clicked may be answered, training decides: in some shops it is clicked again. Next items that training never saw
    count as missed.
    Raises TableRefused: what cannot be read, or nothing to judge.
    """
    began = time.perf_counter()
    progress("reading", 0.0)
    taught, asked = (lines if isinstance(lines, Transactions) else read_sessions(lines) for lines in (training, test))
    cases = cases_of(asked, shortest)
    if not cases.queries or not len(taught):
        raise TableRefused(f"{training}, {test}: lines to learn from and a test session of two clicks are needed")
    model = make_model("evaluated", trained_on(taught, progress))
    known = set(model.items)
    values, contenders = {}, session_contenders(model.blend)
    for number, (name, contender) in enumerate(contenders.items()):
        progress(f"judging {name}", 0.75 + 0.25 * number / len(contenders))
        values[name] = _values(cases, model, contender, lists if name == BLEND else quick_lists)
    return Report(
        form="sessions",
        n=len(cases.queries),
        trained_on=len(taught),
        items=len(model.items),
        skipped={"sessions of a single click": cases.single},
        models={name: means(each) for name, each in values.items()},
        intervals=intervals(values[BLEND], cases.sessions, TRAINING.seed),
        tuning=model.tuning._asdict() | weights(model.blend),
        known=float(np.mean([item in known for (item,) in cases.wanted])),
        latency=latency(cases.queries, model, contenders[BLEND].policy),
        seed=TRAINING.seed,
        seconds=round(time.perf_counter() - began, 1),
    )


def trained_on(taught: Transactions, progress: Progress) -> dict[str, NDArray[np.generic]]:
    return train(taught, TRAINING, lambda doing, done: progress(doing, 0.05 + 0.7 * done), sessions=taught)


def cases_of(lines: Transactions, shortest: int) -> Cases:
    cases = Cases([], [], [], int((np.bincount(lines.customer) == 1).sum()))
    for session, clicks in enumerate(clicks for clicks in clicks_by_session(lines) if len(clicks) > shortest):
        for number, (state, following) in enumerate(along_clicks(clicks)):
            if number + 1 < shortest:
                continue
            at = clicks[number].at * 1000
            cases.queries.append(Query(customer=following.session, state=state, at=at, limit=PLACES))
            cases.wanted.append([following.item])
            cases.sessions.append(session)
    return cases


def weights(policy: BlendPolicy) -> dict[str, float]:
    """What training tunes of the sources' weights on sessions."""
    return {f"weight of {name}": float(getattr(policy, name)) for name in VALUES}


def _values(cases: Cases, model: Model, contender: Contender, ask: Ask) -> dict[str, Values]:
    places = metrics.places_of(list(ask(cases.queries, contender.of(model), contender.policy)), cases.wanted)
    return {
        "HR@10": metrics.hits(places, 10),
        "HR@20": metrics.hits(places, PLACES),
        "MRR@20": metrics.reciprocal_ranks(places, PLACES),
        "NDCG@10": metrics.discounted_gains(places, np.ones(len(places), np.int64), 10),
    }
