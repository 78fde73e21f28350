"""`caudal evaluate baskets`: each customer's last basket, predicted from all the others."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from recommender.blend import BlendTuning
from recommender.evaluation import metrics
from recommender.evaluation.asking import latency, lists, quick_lists
from recommender.evaluation.contenders import basket_contenders
from recommender.evaluation.frequency import frequency_lists
from recommender.evaluation.metrics import Values
from recommender.evaluation.report import Report, intervals, means
from recommender.model import Model, make_model
from recommender.policy import BlendPolicy
from recommender.recommend import Query
from recommender.training.progress import Progress, silent
from recommender.training.shopping import Basket, after_purchases, baskets_by_customer, last_baskets
from recommender.training.table import TableRefused, read_baskets
from recommender.training.train import TRAINING, train
from recommender.training.transactions import Transactions

PLACES = 20
"""Length of the lists that are judged."""


@dataclass(frozen=True)
class Case:
    """One customer's last basket: what was asked just before it, what was in it, and the baskets before."""

    query: Query
    wanted: list[str]
    before: list[Basket]


def evaluate_baskets(source: Path | Transactions, progress: Progress = silent) -> Report:
    """source: a file `customer_id basket_id item_id timestamp [store_id]`, or its lines.

    The models learn from all but the last baskets; customers with a single basket only teach.
    Raises TableRefused: what cannot be read, or nothing to judge.
    """
    began = time.perf_counter()
    progress("reading", 0.0)
    lines = source if isinstance(source, Transactions) else read_baskets(source)
    cases = _cases(lines)
    if not cases:
        raise TableRefused(f"{source}: no customer has two baskets, so there is no last one to predict")
    taught = lines.only(~last_baskets(lines))
    model = make_model("evaluated", train(taught, TRAINING, lambda doing, done: progress(doing, 0.1 + 0.7 * done)))
    known = set(model.items)
    values = _compared(cases, taught, model, progress)
    return Report(
        form="baskets",
        n=len(cases),
        trained_on=len(taught),
        items=len(model.items),
        skipped={"customers with a single basket": len(np.unique(lines.customer)) - len(cases)},
        models={name: means(each) for name, each in values.items()},
        intervals=intervals(list(values.values())[-1], list(range(len(cases))), TRAINING.seed),
        tuning=_tuning(model.blend),
        known=float(np.mean([item in known for case in cases for item in case.wanted])),
        latency=latency([case.query for case in cases], model, model.blend),
        seed=TRAINING.seed,
        seconds=round(time.perf_counter() - began, 1),
    )


def _cases(lines: Transactions) -> list[Case]:
    cases = []
    for baskets in baskets_by_customer(lines):
        *before, last = baskets
        if before:
            state = after_purchases(before)
            query = Query(customer=last.customer, state=state, at=last.at * 1000, store=last.store, limit=PLACES)
            cases.append(Case(query, list(last.items), before))
    return cases


def _judged(listed: Iterable[list[str]], cases: list[Case]) -> dict[str, Values]:
    wanted = [case.wanted for case in cases]
    places = metrics.places_of(list(listed), wanted)
    sizes = np.array([len(items) for items in wanted])
    return {
        "recall@10": metrics.recalls(places, sizes, 10),
        "NDCG@10": metrics.discounted_gains(places, sizes, 10),
        "hit rate@10": metrics.hits(places, 10),
        "recall@20": metrics.recalls(places, sizes, PLACES),
    }


def _compared(
    cases: list[Case], taught: Transactions, model: Model, progress: Progress
) -> dict[str, dict[str, Values]]:
    """Values by metric, by contender."""
    baskets = [case.before for case in cases]
    values = {name: _judged(listed, cases) for name, listed in frequency_lists(baskets, taught, PLACES).items()}
    queries, contenders = [case.query for case in cases], basket_contenders(model.blend)
    for number, (name, policy) in enumerate(contenders.items()):
        progress(f"judging {name}", 0.8 + 0.2 * number / len(contenders))
        ask = lists if policy == model.blend else quick_lists
        values[name] = _judged(ask(queries, model, policy), cases)
    return values


def _tuning(policy: BlendPolicy) -> dict[str, float]:
    days = policy.habit_decay / timedelta(days=1)
    weights = {name: float(getattr(policy, name)) for name in BlendTuning._fields[1:]}
    return {"habit decay in days": days, **weights, "ranked": float(policy.ranked)}
