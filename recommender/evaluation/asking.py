"""Asking the shipped recommender: many at once for the lists, singly for the time it takes."""

import time
from collections.abc import Iterator, Sequence

from recommender.evaluation.report import Latency, latency_of
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.recommend import Query, recommend, recommend_many, warm_up
from retail.reference import Reference

AT_ONCE = 500
"""Queries of a kernel call: a large micro-batch."""

TIMED = 2000
"""Calls timed at most, evenly spread: enough for a 99th percentile."""

NO_CATALOG = Reference()
"""Nothing is filtered: what is judged is the ranking."""


def lists(queries: Sequence[Query], model: Model, policy: BlendPolicy) -> Iterator[list[str]]:
    """The ranked item ids of each query."""
    for start in range(0, len(queries), AT_ONCE):
        for slate in recommend_many(queries[start : start + AT_ONCE], model, NO_CATALOG, policy):
            yield [item.item for item in slate.items]


def latency(queries: Sequence[Query], model: Model) -> Latency:
    """How long one answer takes, decided here and now with the shipped weights."""
    warm_up(model)
    seconds = []
    for query in queries[:: max(1, len(queries) // TIMED)][:TIMED]:
        start = time.perf_counter()
        recommend(query, model, NO_CATALOG)
        seconds.append(time.perf_counter() - start)
    return latency_of(seconds)
