"""Which candidates of a micro-batch merchandisers' rules exclude or let rest, by place; the reasons name the rules.

An item is asked about once for each set of rules that hold together, when it first is a candidate: the answer is kept
by its row in the model until the item or a rule changes.
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
from recommender.stock import CODES
from retail.reference import Reference

TABLES = 64
"""Sets of rules that are remembered, the latest; eight bytes an item each. Stores without own rules share one."""

NOT_ASKED = -1


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


class Exclusions:
    """tables: (2, I) codes and rests by item row, for each set of rules by their ids."""

    def __init__(self, model: Model, reference: Reference) -> None:
        self.items = model.items
        self.reasons: tuple[str, ...] = REASONS
        self._codes = dict(CODES)
        self._tables: dict[tuple[str, ...], NDArray[np.int32]] = {}
        self._rule_changes, self._item_changes = reference.rule_changes, reference.item_changes

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where rules did, or more items than the reference remembers."""
        if reference.rule_changes != self._rule_changes:
            return False
        if reference.item_changes == self._item_changes:
            return True
        changed = reference.items_since(self._item_changes)
        if changed is None:
            return False
        rows = [row for row in model.rows(changed) if row >= 0]
        for table in self._tables.values():
            table[:, rows] = NOT_ASKED
        self._item_changes = reference.item_changes
        return True

    def of(self, rules: Steering, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """(2, n) codes and rests of n item rows."""
        table = self._table(rules)
        new = rows[table[0, rows] == NOT_ASKED]
        for row in np.unique(new).tolist() if len(new) else ():
            item = self.items[row]
            table[:, row] = self._code(rules.exclusion(item)), rules.rest(item)
        return table[:, rows]

    def _table(self, rules: Steering) -> NDArray[np.int32]:
        names = tuple(rule.id for rule in (*rules.exclusions, *rules.rests))
        known = self._tables.pop(names, None)
        if known is None:
            known = np.full((2, len(self.items)), NOT_ASKED, np.int32)
        self._tables[names] = known
        if len(self._tables) > TABLES:
            del self._tables[next(iter(self._tables))]
        return known

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
