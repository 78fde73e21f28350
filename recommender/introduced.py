"""Newcomers on `home`: where a customer asks, beside what is there for a reason of their own; pure.

The rankings of `home` know rows of a model alone, and a newcomer has none. So it is put into the finished slate: it
counts what the known item beside it counts for this customer, as far as the two are alike.
"""

from collections.abc import Iterator, Sequence

import msgspec

from recommender.filters import at_home, filters_of
from recommender.merchandising import Steering, steering
from recommender.model import Model
from recommender.newcomers import newcomers_of
from recommender.placements import HOME
from recommender.recommend import Query, recommend_many, wanted
from retail.reference import Reference
from retail.slates import Recommendation, Slate, Source

MOST = 2
"""Newcomers on a slate of `home` at most: who comes back daily sees others tomorrow."""

AFFINE = frozenset({Source.BOUGHT_BEFORE, Source.SEEN_TOGETHER, Source.TASTE, Source.SIMILAR_SESSIONS, Source.FOLLOWED})
"""Sources that say that the customer is for this kind of item; what everybody likes says nothing of who likes what is
like it."""


def home_slates(queries: Sequence[Query], model: Model, reference: Reference) -> list[Slate]:
    """The `home` slates that no rule pins or moves anything in, as customers are shown them."""
    slates = recommend_many(queries, model, reference)
    return [introduced(slate, query, model, reference) for slate, query in zip(slates, queries, strict=True)]


def introduced(slate: Slate, query: Query, model: Model, reference: Reference) -> Slate:
    """The slate with newcomers; the last of it give way. Where something is pinned places are not moved."""
    beside = newcomers_of(model, reference).beside
    if not any(one.item in beside for one in slate.items):
        return slate
    rules = steering(reference, HOME, query.store, query.at)
    if rules is not None and rules.pins:
        return slate
    found = list(_candidates(slate, beside))
    new = _allowed(found, query, rules, reference)
    if not new:
        return slate
    names = {one.item for one in new}
    stay = (one for one in slate.items if one.item not in names)
    items = sorted([*stay, *new], key=lambda one: -one.score)[: max(wanted(query), len(slate.items))]
    return msgspec.structs.replace(slate, items=tuple(items))


def _candidates(slate: Slate, beside: dict[str, dict[str, float]]) -> Iterator[Recommendation]:
    """What is beside items of the customer's own, but for what stands there by itself."""
    there = {one.item for one in slate.items if one.source is not Source.CATALOG}
    for one in slate.items:
        if one.source in AFFINE:
            for item, likeness in beside.get(one.item, {}).items():
                if item not in there:
                    yield Recommendation(item, round(one.score * likeness, 4), Source.NEW, one.item)


def _allowed(
    found: list[Recommendation], query: Query, rules: Steering | None, reference: Reference
) -> list[Recommendation]:
    """The best that may be shown, each once."""
    if not found:
        return []
    filters = at_home(filters_of(query.state, reference.items, query.at, query.store), query.state, query.at)
    kept: dict[str, Recommendation] = {}
    for one in sorted(found, key=lambda one: (-one.score, one.item)):
        excluded = rules is not None and bool(rules.exclusion(one.item))
        if one.item not in kept and len(kept) < MOST and not excluded and not filters.refusal(one.item):
            kept[one.item] = one
    return list(kept.values())
