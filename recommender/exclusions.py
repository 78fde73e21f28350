"""Which candidates of a micro-batch merchandisers' rules exclude or let rest, by place; the reasons name the rules.

An item is asked about once for each set of rules that hold together: see `recommender.rule_tables`.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers
from recommender.derived import Derived
from recommender.filters import REASONS
from recommender.merchandising import Steering, steering
from recommender.model import Model
from recommender.rule_tables import RuleTables
from recommender.stock import CODES
from retail.reference import Reference


class Asker(Protocol):
    """What of a query the rules depend on. at: milliseconds. store: "" for none."""

    @property
    def placement(self) -> str: ...
    @property
    def store(self) -> str: ...
    @property
    def at(self) -> int: ...


class Excluded(NamedTuple):
    """By place. codes: (Q, k), 0 where no rule excludes the candidate. rests: (Q, k) seconds for which it is not shown
    to who bought it. reasons: by code; they begin with REASONS."""

    codes: NDArray[np.int32]
    rests: NDArray[np.int32]
    reasons: tuple[str, ...]


class Exclusions(RuleTables):
    """By item row the code of what excludes it, and for how many seconds it rests."""

    dtype = np.int32

    def __init__(self, model: Model, reference: Reference) -> None:
        super().__init__(model, reference)
        self.reasons: tuple[str, ...] = REASONS
        self._codes = dict(CODES)

    def names(self, rules: Steering) -> tuple[str, ...]:
        return tuple(rule.id for rule in (*rules.exclusions, *rules.rests))

    def told(self, rules: Steering, item: str) -> tuple[float, float]:
        return self._code(rules.exclusion(item)), rules.rest(item)

    def _code(self, reason: str) -> int:
        known = self._codes.get(reason)
        if known is None:
            known = self._codes[reason] = len(self.reasons)
            self.reasons = (*self.reasons, reason)
        return known


def exclusions_at(asker: Asker, reference: Reference) -> Steering | None:
    """The rules that hold for whoever asks, where one of them excludes anything or lets it rest."""
    rules = steering(reference, asker.placement, asker.store, asker.at)
    return rules if rules is not None and rules.leaves_out else None


def excluded(askers: Sequence[Asker], answers: Answers, model: Model, reference: Reference) -> Excluded:
    found = np.zeros((2, *answers.rows.shape), np.int32)
    groups = _by_rules(askers, reference) if reference.rules else []
    if not groups:
        return Excluded(found[0], found[1], REASONS)
    known = _exclusions.of(model, reference)
    valid = np.arange(answers.rows.shape[1]) < answers.counts[:, None]
    for rules, asking in groups:
        places = valid if len(asking) == len(askers) else valid & np.isin(np.arange(len(askers)), asking)[:, None]
        found[:, places] = known.of(rules, answers.rows[places])
    return Excluded(found[0], found[1], known.reasons)


def _by_rules(askers: Sequence[Asker], reference: Reference) -> list[tuple[Steering, list[int]]]:
    """The places of those for whom the same rules hold."""
    groups: dict[int, tuple[Steering, list[int]]] = {}
    for place, asker in enumerate(askers):
        rules = exclusions_at(asker, reference)
        if rules is not None:
            groups.setdefault(id(rules), (rules, []))[1].append(place)
    return list(groups.values())


_exclusions = Derived(Exclusions)
