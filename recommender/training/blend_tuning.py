"""How a shop's baskets are best foreseen: tried on each customer's last training basket, which the trial has not seen.
Where customers are few, on their last baskets.

First the span over which popularity is counted, by popularity alone; then one weight of the blend after the other is
moved along its values, twice over. A value wins only by more than one standard error of the customers' differences,
so a small shop keeps the defaults. The search starts from the best of the defaults, "the customer's own, most often
bought first, then what is popular", which is hard to beat where histories are short (Li et al., A Next Basket
Recommendation Reality Check, TOIS 2023), and "nothing twice", as films are watched.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from recommender.blend import BlendTuning
from recommender.model import Model
from recommender.policy import BlendPolicy, TrainingPolicy
from recommender.recommend import Query, ranking
from recommender.training.progress import Progress, silent
from recommender.training.shopping import baskets_each, before_recent, recent_baskets
from recommender.training.transactions import Transactions

VALUES: dict[str, tuple[float, ...]] = {
    "habit_days": (15.0, 30.0, 60.0, 120.0, 365.0, 36_500.0),
    "popular": (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0),
    "doubt": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
    "taste": (0.0, 0.1, 0.2, 0.4, 0.8),
    "stale": (0.0, 0.03, 0.1, 0.3, 1.0),
    "here": (0.0, 0.1, 0.3),
    "habit": (1.0, 0.3, 0.0, -10.0),
}
"""What is tried, in this order: what changes most comes first."""

FREQUENT = BlendTuning(habit_days=36_500.0, doubt=0.0, stale=0.0, taste=0.0, here=0.0, popular=0.02)

NOVEL = BlendTuning(habit_days=36_500.0, doubt=0.0, stale=1.0, taste=0.8, here=0.1, popular=0.2, habit=-10.0)

POPULAR_DAYS = (7.0, 14.0, 30.0, 60.0, 120.0, 365.0)
"""Tried as `TrainingPolicy.popularity_decay`."""

ROUNDS = 2

ASKED = 1000
"""Customers asked at most: a standard error of about 0.4 points of recall on groceries, less in pairs."""

TRIAL_ITERATIONS = 6
"""Of the factor model; more move its lists little, and the trial is thrown away."""

FEWEST = 100
"""Baskets without which nothing is tuned."""

ENOUGH, BASKETS = 300, 6
"""Where so many customers are not there to be asked, each is asked about several baskets, so many at most."""

MOST_LINES = 2_000_000
"""Of a trial; a larger shop is tried out on some of its customers."""

PLACES = 10
"""Length of the lists that are judged."""

Values = NDArray[np.float64]

Teach = Callable[[Transactions, TrainingPolicy], Model]
"""How a model is made of lines."""


@dataclass(frozen=True, eq=False)
class Questions:
    """Q times a customer as they were before a basket. wanted: (Q,) sets of numbers of `Transactions.items`."""

    queries: list[Query]
    wanted: list[set[int]]

    def values(self, lists: list[list[int]]) -> Values:
        """(Q,) mean of recall@10 and NDCG@10. lists: item numbers, the best first."""
        gains = 1.0 / np.log2(np.arange(PLACES) + 2)
        found = np.zeros(len(lists))
        for number, (listed, wanted) in enumerate(zip(lists, self.wanted, strict=True)):
            places = [place for place, item in enumerate(listed[:PLACES]) if item in wanted]
            ideal = gains[: len(wanted)].sum()
            found[number] = (len(places) / len(wanted) + gains[places].sum() / ideal) / 2
        return found


def tune_blend(
    lines: Transactions, policy: TrainingPolicy, teach: Teach, progress: Progress = silent
) -> tuple[TrainingPolicy, BlendTuning]:
    """The policy with the best span of popularity, and the best weights; the defaults where nothing can be told."""
    chance = np.random.default_rng(policy.seed)
    lines = _some(lines, chance)
    most = baskets_each(lines, ENOUGH, 1, BASKETS)
    held_out = recent_baskets(lines, most)
    questions, taught = _questions(lines, held_out, most, chance), lines.only(~held_out)
    if len(questions.queries) < FEWEST:
        return policy, BlendTuning()
    progress("how long popularity lasts", 0.0)
    policy = _with_span(taught, questions, policy)
    model = teach(taught, replace(policy, iterations=min(policy.iterations, TRIAL_ITERATIONS)))
    numbers = {item: number for number, item in enumerate(lines.items)}
    number_of = [numbers[item] for item in model.items]

    def worth(tuning: BlendTuning) -> Values:
        return questions.values(_lists(questions, model, tuning.policy(), number_of))

    return policy, _climb(worth, lambda part: progress("how sources are best weighed", 0.5 + 0.5 * part))


def _climb(worth: Callable[[BlendTuning], Values], progress: Callable[[float], None]) -> BlendTuning:
    tuning, best = BlendTuning(), worth(BlendTuning())
    for start in (FREQUENT, NOVEL):
        tried = worth(start)
        if tried.mean() > best.mean():
            tuning, best = start, tried
    for number in range(ROUNDS):
        before = tuning
        for step, (field, values) in enumerate(VALUES.items()):
            progress((number + step / len(VALUES)) / ROUNDS)
            for value in values:
                other = tuning._replace(**{field: value})
                if other == tuning:
                    continue
                tried = worth(other)
                if better(tried, best):
                    tuning, best = other, tried
        if tuning == before:
            break
    return tuning


def better(tried: Values, best: Values, errors: float = 1.0) -> bool:
    """By more than so many standard errors of the differences, customer by customer."""
    gain = tried - best
    return bool(gain.mean() > errors * gain.std() / math.sqrt(len(gain)))


def _some(lines: Transactions, chance: np.random.Generator) -> Transactions:
    """All lines of as many customers as make `MOST_LINES`, roughly."""
    if len(lines) <= MOST_LINES:
        return lines
    kept = chance.random(len(lines.customers)) < MOST_LINES / len(lines)
    return lines.only(kept[lines.customer])


def _questions(lines: Transactions, held_out: NDArray[np.bool_], most: int, chance: np.random.Generator) -> Questions:
    customers = np.unique(lines.customer[held_out])
    if len(customers) > ASKED:
        customers = chance.choice(customers, ASKED, replace=False)
    queries, wanted = [], []
    numbers = {item: number for number, item in enumerate(lines.items)}
    for state, basket in before_recent(lines.only(np.isin(lines.customer, customers)), most):
        queries.append(
            Query(customer=basket.customer, state=state, at=basket.at * 1000, store=basket.store, limit=PLACES)
        )
        wanted.append({numbers[item] for item in basket.items})
    return Questions(queries, wanted)


def _with_span(taught: Transactions, questions: Questions, policy: TrainingPolicy) -> TrainingPolicy:
    """The policy with the span whose popular items were in the most of the last baskets."""
    best = questions.values([_popular(taught, policy.popularity_decay)] * len(questions.queries))
    for days in POPULAR_DAYS:
        span = timedelta(days=days)
        tried = questions.values([_popular(taught, span)] * len(questions.queries))
        if better(tried, best):
            best, policy = tried, replace(policy, popularity_decay=span)
    return policy


def _popular(lines: Transactions, span: timedelta) -> list[int]:
    worth = np.exp((lines.at - int(lines.at.max(initial=0))) / span.total_seconds())
    listed: list[int] = np.argsort(-np.bincount(lines.item, worth, len(lines.items)), kind="stable")[:PLACES].tolist()
    return listed


def _lists(questions: Questions, model: Model, policy: BlendPolicy, number_of: list[int]) -> list[list[int]]:
    found = []
    for start in range(0, len(questions.queries), 500):
        answers = ranking(questions.queries[start : start + 500], model, policy)
        for rows, count in zip(answers.rows[:, :PLACES].tolist(), answers.counts.tolist(), strict=True):
            found.append([number_of[row] for row in rows[: min(count, PLACES)]])
    return found
