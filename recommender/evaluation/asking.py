"""Asking the shipped recommender: many at once for the lists, singly for the time it takes."""

import time
from collections.abc import Iterator, Sequence

from recommender.evaluation.report import Latency, latency_of
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.recommend import Query, ranking, recommend, recommend_many
from recommender.warm_up import compile_slates
from retail.reference import Reference

AT_ONCE = 500
"""Queries of a kernel call: a large micro-batch."""

TIMED = 2000
"""Calls timed at most, evenly spread: enough for a 99th percentile."""

NO_CATALOG = Reference()
"""Nothing is filtered: what is judged is the ranking."""


def lists(queries: Sequence[Query], model: Model, policy: BlendPolicy) -> Iterator[list[str]]:
    """The ranked item ids of each query, as its slate has them."""
    for start in range(0, len(queries), AT_ONCE):
        for slate in recommend_many(queries[start : start + AT_ONCE], model, NO_CATALOG, policy):
            yield [item.item for item in slate.items]


def quick_lists(queries: Sequence[Query], model: Model, policy: BlendPolicy) -> Iterator[list[str]]:
    """The same without slates, for baselines: where a list is short, nothing fills it."""
    for start in range(0, len(queries), AT_ONCE):
        answers = ranking(queries[start : start + AT_ONCE], model, policy)
        for rows, count in zip(answers.rows.tolist(), answers.counts.tolist(), strict=True):
            yield [model.items[row] for row in rows[:count]]


def latency(queries: Sequence[Query], model: Model, policy: BlendPolicy) -> Latency:
    """How long one answer takes, decided here and now."""
    compile_slates(model)
    seconds = []
    for query in queries[:: max(1, len(queries) // TIMED)][:TIMED]:
        start = time.perf_counter()
        recommend(query, model, NO_CATALOG, policy)
        seconds.append(time.perf_counter() - start)
    return latency_of(seconds)
