"""`caudal evaluate baskets`: each customer's last basket, predicted from all the others."""

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import metrics
from recommender.evaluation.asking import latency, lists, quick_lists
from recommender.evaluation.contenders import BASKET_CONTENDERS, BLEND, PERSONAL, SHIPPED
from recommender.evaluation.metrics import Values
from recommender.evaluation.report import Report, intervals, means
from recommender.evaluation.shopping import after_purchases, baskets_by_customer, counted
from recommender.model import Model, make_model
from recommender.recommend import Query
from recommender.training.progress import Progress, silent
from recommender.training.table import TableRefused, read_baskets
from recommender.training.train import TRAINING, train
from recommender.training.transactions import Transactions

PLACES = 20
"""Length of the lists that are judged."""

NEVER = timedelta(days=36_500)
"""As a decay: plain counts."""


@dataclass(frozen=True)
class Case:
    """One customer's last basket: what was asked just before it, what was in it. counts: plain counts, as habits."""

    query: Query
    wanted: list[str]
    counts: bytes


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
    taught = lines.only(~_held_out(lines))
    model = make_model("evaluated", train(taught, TRAINING, lambda doing, done: progress(doing, 0.1 + 0.7 * done)))
    known = set(model.items)
    values = {}
    for number, name in enumerate(BASKET_CONTENDERS):
        progress(f"judging {name}", 0.8 + 0.2 * number / len(BASKET_CONTENDERS))
        values[name] = _values(cases, model, name)
    return Report(
        form="baskets",
        n=len(cases),
        trained_on=len(taught),
        items=len(model.items),
        skipped={"customers with a single basket": len(np.unique(lines.customer)) - len(cases)},
        models={name: means(each) for name, each in values.items()},
        intervals=intervals(values[BLEND], list(range(len(cases))), TRAINING.seed),
        tuning={},
        known=float(np.mean([item in known for case in cases for item in case.wanted])),
        latency=latency([case.query for case in cases], model, SHIPPED),
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
            cases.append(Case(query, list(last.items), counted(before)))
    return cases


def _held_out(lines: Transactions) -> NDArray[np.bool_]:
    """(L,) whether a line belongs to its customer's last basket, and not to the only one."""
    first = np.full(int(lines.basket.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, lines.basket, lines.at)
    order = np.lexsort((lines.basket, first[lines.basket], lines.customer))
    basket, customer = lines.basket[order], lines.customer[order]
    ends = np.flatnonzero(np.append(customer[1:] != customer[:-1], True)) if len(order) else order
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(order) else order
    several = basket[starts] != basket[ends]
    return np.isin(lines.basket, basket[ends[several]])


def _values(cases: list[Case], model: Model, name: str) -> dict[str, Values]:
    contender = BASKET_CONTENDERS[name]
    queries, policy = [case.query for case in cases], contender.policy
    if name == PERSONAL:
        queries = [_plainly(case) for case in cases]
        policy = replace(policy, habit_decay=NEVER)
    wanted = [case.wanted for case in cases]
    ask = lists if name == BLEND else quick_lists
    places = metrics.places_of(list(ask(queries, contender.of(model), policy)), wanted)
    sizes = np.array([len(items) for items in wanted])
    return {
        "recall@10": metrics.recalls(places, sizes, 10),
        "NDCG@10": metrics.discounted_gains(places, sizes, 10),
        "hit rate@10": metrics.hits(places, 10),
        "recall@20": metrics.recalls(places, sizes, PLACES),
    }


def _plainly(case: Case) -> Query:
    state = msgspec.structs.replace(case.query.state, habits=case.counts, history=b"")
    return msgspec.structs.replace(case.query, state=state)
