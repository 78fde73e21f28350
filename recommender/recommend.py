"""The recommendation decision: a customer's state and a model in, a slate with reasons out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
import numpy as np

from recommender.batch import Answers, Batch, room, scratch, weights_of
from recommender.draft import Candidate, Draft
from recommender.filters import Filters
from recommender.kernel import answer
from recommender.ladder import fill, reason
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.records import HABIT, INTERACTION, Packed, pack
from retail.customers import CustomerState, Interaction
from retail.reference import Reference
from retail.slates import Slate, Source

LIMITS = range(1, 101)
"""Items that may be asked for; more or fewer are taken as the nearest."""

BLEND = BlendPolicy()

SOURCE_OF_CODE = (Source.BOUGHT_BEFORE, Source.SEEN_TOGETHER, Source.TASTE, Source.POPULAR_HERE, Source.POPULAR)
"""By the column numbers of `recommender.batch`."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, where and when. store: "" outside stores. at: milliseconds. limit: items wanted, 1 to 100."""

    customer: str
    state: CustomerState
    at: int
    placement: str = "home"
    store: str = ""
    limit: int = 20


class Ranked(NamedTuple):
    """One customer's part of the kernel's answer. known: own items that the model knows. in_view: an id or ""."""

    candidates: Iterator[Candidate]
    known: int
    in_view: str


def recommend_many(
    queries: Sequence[Query], model: Model, reference: Reference, policy: BlendPolicy = BLEND
) -> list[Slate]:
    """One slate per query, computed together in one kernel call. Never raises for want of data:
    an unknown customer or an empty model gives a slate that says what it fell back to."""
    if not queries:
        return []
    history = pack([query.state.history for query in queries], INTERACTION)
    answers = _answer(queries, history, model, policy)
    in_view = _in_view(history, [query.at for query in queries], model, policy.in_view)
    return [
        _slate(ranked, query, model, reference)
        for ranked, query in zip(_by_customer(answers, in_view, model), queries, strict=True)
    ]


def recommend(query: Query, model: Model, reference: Reference, policy: BlendPolicy = BLEND) -> Slate:
    return recommend_many((query,), model, reference, policy)[0]


def warm_up(model: Model) -> None:
    """Compiles the kernel, or reads it from the disk, before the first customer waits for it."""
    recommend(Query(customer="", state=CustomerState(), at=0), model, Reference())


def _answer(queries: Sequence[Query], history: Packed, model: Model, policy: BlendPolicy) -> Answers:
    habits = pack([query.state.habits for query in queries], HABIT)
    batch = Batch(
        habits=habits.records,
        habit_starts=habits.starts,
        history=history.records,
        history_starts=history.starts,
        at=np.array([query.at // 1000 for query in queries], np.int64),
        store=np.array([model.stores.get(query.store, -1) for query in queries], np.int32),
    )
    weights = weights_of(policy)
    answers = room(len(queries), max(_limit(query) for query in queries) + policy.spare)
    answer(model.shelf, batch, weights, scratch(model.shelf, batch, weights), answers)
    return answers


def _limit(query: Query) -> int:
    return min(max(query.limit, LIMITS[0]), LIMITS[-1])


def _in_view(history: Packed, at: Sequence[int], model: Model, span: timedelta) -> list[str]:
    """Per customer the item on the screen: viewed last, and not longer ago than `span`; "" where none is known."""
    ids = [""] * len(at)
    filled = np.flatnonzero(np.diff(history.starts))
    newest = history.records[history.starts[filled + 1] - 1]
    keys = model.shelf.keys
    places = np.minimum(np.searchsorted(keys, newest["item"]), max(len(keys) - 1, 0))
    age = np.array(at, np.int64)[filled] // 1000 - newest["at"]
    shown = (newest["kind"] == Interaction.VIEWED) & (age <= span.total_seconds())
    shown &= keys[places] == newest["item"] if len(keys) else False
    rows = model.shelf.rows[places[shown]]
    for customer, row in zip(filled[shown].tolist(), rows.tolist(), strict=True):
        ids[customer] = model.items[row]
    return ids


def _by_customer(answers: Answers, in_view: Sequence[str], model: Model) -> Iterator[Ranked]:
    """Plain Python values, converted for the whole batch at once."""
    lists = (
        answers.rows.tolist(),
        answers.scores.astype(np.float64).round(4).tolist(),
        answers.sources.tolist(),
        answers.evidence.tolist(),
        answers.counts.tolist(),
        answers.known.tolist(),
    )
    item_of, source_of = model.names.__getitem__, SOURCE_OF_CODE.__getitem__
    for rows, scores, sources, evidence, count, known, seen in zip(*lists, in_view, strict=True):
        candidates = zip(
            map(item_of, rows[:count]), scores, map(source_of, sources), map(item_of, evidence), strict=False
        )
        yield Ranked(candidates, known, seen)


def _slate(ranked: Ranked, query: Query, model: Model, reference: Reference) -> Slate:
    draft = Draft(Filters(reference.items, query.state.cart, ranked.in_view), _limit(query))
    draft.offer(ranked.candidates)
    if not draft.full:
        fill(draft, query.store, model, reference)
    has_history = bool(query.state.history or query.state.habits)
    return Slate(
        customer=query.customer,
        placement=query.placement,
        at=query.at,
        version=query.state.version,
        model=model.version,
        items=tuple(draft.kept),
        dropped=tuple(draft.dropped),
        fallback="" if draft.personal else reason(model, has_history, ranked.known),
    )
