"""Home slates of a micro-batch in which merchandisers' rules pin, boost or bury, made together; pure.

The same slates as one by one (`recommender.placed`): one call of the kernel ranks deeper than for others, what is
boosted or buried is put in order for all at once, and what may not be shown is taken out, compiled, as without rules.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers
from recommender.derived import Derived
from recommender.draft import Draft
from recommender.filters import at_home, filters_of
from recommender.merchandising import Steering
from recommender.model import Model
from recommender.policy import DEEPER, BlendPolicy
from recommender.recommend import Choice, Query, batch_of, choices, ranked, sifted, slate_of, wanted
from recommender.rests import rests_of
from recommender.rule_tables import RuleTables
from recommender.screen import on_screen
from recommender.sieve import Ranked
from recommender.workspace import Workspace
from retail.customers import EMPTY
from retail.merchandising import Effect
from retail.reference import Reference
from retail.slates import Recommendation, Slate

Bool = NDArray[np.bool_]


class Moves(RuleTables):
    """By item row what a score is multiplied with, and what it is divided by: one of them is 1."""

    dtype = np.float32

    def names(self, rules: Steering) -> tuple[str, ...]:
        return tuple(rule.id for rule in rules.weights)

    def told(self, rules: Steering, item: str) -> tuple[float, float]:
        rule = rules.mover(item)
        if rule is None:
            return 1.0, 1.0
        return (rule.strength, 1.0) if rule.effect is Effect.BOOST else (1.0, rule.strength)


def moved_slates(
    queries: Sequence[Query], steered: Sequence[Steering], model: Model, reference: Reference, policy: BlendPolicy
) -> list[Slate | None]:
    """steered: the rules of each query. None where a slate would be short, which the fallback ladder has to fill."""
    drafts = [_pinned(*each, model, reference, policy) for each in zip(queries, steered, strict=True)]
    batch, places = batch_of(queries, model), max(wanted(query) for query in queries) + DEEPER
    answers = ranked(batch, model, policy, places, _workspace)
    answers = _ordered(answers, _worth(answers, steered, model, reference), _decided(answers, drafts, model))
    limits = [draft.room for draft in drafts]
    left = sifted(queries, Ranked(batch, answers, limits), model, reference, policy)
    parts = zip(queries, steered, drafts, choices(left, model), strict=True)
    return [_slate(query, rules, draft, choice, model) for query, rules, draft, choice in parts]


def _pinned(query: Query, rules: Steering, model: Model, reference: Reference, policy: BlendPolicy) -> Draft:
    """A draft with nothing but the pins, kept or dropped."""
    draft = Draft(_UNASKED, wanted(query), steering=rules)
    if rules.pins:
        screen = on_screen(query.state, query.at, model, policy.in_view)
        filters = filters_of(query.state, reference.items, query.at, query.store, screen)
        draft.filters, draft.rests = at_home(filters, query.state, query.at), rests_of(query.state, rules, query.at)
        draft.pin(rules.pins)
    return draft


def _decided(answers: Answers, drafts: Sequence[Draft], model: Model) -> Bool:
    """(Q, k) whether the candidate was decided by a pin."""
    found = np.zeros(answers.rows.shape, np.bool_)
    for q, draft in enumerate(drafts):
        items = [*draft.pinned, *(one.item for one in draft.dropped)]
        for row in model.rows(items) if items else ():
            found[q] |= answers.rows[q] == row
    return found


def _worth(answers: Answers, steered: Sequence[Steering], model: Model, reference: Reference) -> NDArray[np.float64]:
    """(Q, k) scores as the rules want them; boosted means larger, also of a score below zero."""
    scores, known = answers.scores.astype(np.float64).round(4), _moves.of(model, reference)
    valid = np.arange(answers.rows.shape[1]) < answers.counts[:, None]
    groups: dict[int, list[int]] = {}
    for q, rules in enumerate(steered):
        if rules.weights:
            groups.setdefault(id(rules), []).append(q)
    for asking in groups.values():
        places = np.zeros_like(valid)
        places[asking] = valid[asking]
        own = scores[places]
        up, down = known.of(steered[asking[0]], answers.rows[places]).astype(np.float64)
        scores[places] = np.where(own >= 0, own * up / down, own * down / up).round(4)
    return scores


def _ordered(answers: Answers, scores: NDArray[np.float64], gone: Bool) -> Answers:
    """By these scores, equal ones as before; without what is gone."""
    absent = gone | (np.arange(scores.shape[1]) >= answers.counts[:, None])
    order = np.argsort(np.where(absent, np.inf, -scores), axis=1, kind="stable")
    return answers._replace(
        rows=np.take_along_axis(answers.rows, order, axis=1),
        scores=np.take_along_axis(scores.astype(np.float32), order, axis=1),
        sources=np.take_along_axis(answers.sources, order, axis=1),
        evidence=np.take_along_axis(answers.evidence, order, axis=1),
        counts=(~absent).sum(axis=1).astype(np.int32),
    )


def _slate(query: Query, rules: Steering, draft: Draft, choice: Choice, model: Model) -> Slate | None:
    if len(choice.items) < draft.room:
        return None
    draft.kept = [_named(one, rules) for one in choice.items]
    draft.settle()
    dropped = (*draft.dropped, *choice.dropped)
    return slate_of(choice._replace(items=tuple(draft.kept), dropped=dropped), query, model)


def _named(one: Recommendation, rules: Steering) -> Recommendation:
    rule = rules.moved_by(one.item) if rules.weights else ""
    return Recommendation(one.item, one.score, one.source, one.because, rule) if rule else one


_workspace = Workspace()
_moves = Derived(Moves)
_UNASKED = filters_of(EMPTY, {}, 0)
