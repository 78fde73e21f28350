"""What merchandisers' rules make of a slate: which hold now, what they exclude, let rest, pin and rank otherwise; pure.

The filters of `recommender.filters` come first: no rule brings back what may not be shown.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from recommender.filters import EXCLUDED_BY
from retail.catalog import Item
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from retail.slates import Slate
from retail.weekly import holds, hours_of, minute_of, zone_of

DAY = 86_400

MINUTE = 60_000
"""Milliseconds."""

TICKS = 1e4
"""Scores are told to four decimals, rounded as numpy does."""

OFFERS = "offers"
"""The placement by which a rule names offers and pushes."""


class Pin(NamedTuple):
    """place: from 1. rule: the id of the rule that wants it."""

    place: int
    item: str
    rule: str


@dataclass(frozen=True, slots=True)
class Steering:
    """The rules that hold for one slate, by what they do. Of several that would exclude, rest or move one
    item, the first by id does."""

    catalog: Mapping[str, Item]
    exclusions: tuple[Rule, ...]
    rests: tuple[Rule, ...]
    weights: tuple[Rule, ...]
    pins: tuple[Pin, ...]

    @property
    def moves(self) -> bool:
        """Whether anything is pinned, boosted or buried, for which a slate has to be looked at as a whole."""
        return bool(self.weights or self.pins)

    @property
    def leaves_out(self) -> bool:
        """Whether it is so of anything, for everybody or for who bought it."""
        return bool(self.exclusions or self.rests)

    def exclusion(self, item: str) -> str:
        """Why the item is left out, "" where no rule wants that."""
        rule = _first(self.exclusions, item, self.catalog)
        return EXCLUDED_BY + rule.id if rule else ""

    def rest(self, item: str) -> int:
        """Seconds for which the item is not shown to who bought it, 0 for none."""
        rule = _first(self.rests, item, self.catalog)
        return rule.days * DAY if rule else 0

    def mover(self, item: str) -> Rule | None:
        """The rule that boosts or buries the item."""
        return _first(self.weights, item, self.catalog)

    def moved_by(self, item: str) -> str:
        """The id of that rule, "" for none."""
        rule = self.mover(item)
        return rule.id if rule else ""

    def weighed(self, item: str, score: float) -> float:
        """The score as the rules want it; boosted means larger, also of a score below zero."""
        rule = self.mover(item)
        if rule is None:
            return score
        grows = (rule.effect is Effect.BOOST) == (score >= 0)
        return round((score * rule.strength if grows else score / rule.strength) * TICKS) / TICKS


def steering(reference: Reference, placement: str, store: str, at: int) -> Steering | None:
    """None where no rule holds, which is told by one look; the same object while the same rules hold. store: "" for
    none. at: milliseconds."""
    if not reference.rules:
        return None
    return _calendar(reference).steering(placement, store, at, reference)


def _steering(rules: Sequence[Rule], catalog: Mapping[str, Item]) -> Steering | None:
    if not rules:
        return None
    pins = (Pin(rule.place, item, rule.id) for rule in rules if rule.effect is Effect.PIN for item in rule.items)
    return Steering(
        catalog,
        tuple(rule for rule in rules if rule.effect is Effect.EXCLUDE),
        tuple(rule for rule in rules if rule.effect is Effect.REST),
        tuple(rule for rule in rules if rule.effect in (Effect.BOOST, Effect.BURY)),
        tuple(sorted(pins, key=lambda pin: (pin.place, pin.rule))),
    )


def any_holds(reference: Reference, placement: str, first: int, last: int) -> bool:
    """Whether a rule holds for the placement at any time from first to last, in whichever store; milliseconds."""
    return bool(reference.rules) and _calendar(reference).any_between(placement, first, last)


def starving(slate: Slate, limit: int) -> tuple[str, ...]:
    """The ids of the rules for which the slate has fewer items than were asked for, () where none is to blame."""
    if len(slate.items) >= limit:
        return ()
    excluded = (one.reason for one in slate.dropped if one.reason.startswith(EXCLUDED_BY))
    return tuple(sorted({reason.removeprefix(EXCLUDED_BY) for reason in excluded}))


def by_the_clock(rule: Rule, store: str, moment: int, reference: Reference) -> bool:
    """Whether it is one of the rule's weekdays and hours, where the store is."""
    if not rule.weekly:
        return True
    known = reference.stores.get(store)
    zone = zone_of(known.time_zone if known is not None else rule.time_zone)
    return holds(rule.weekdays, hours_of(rule.hours), minute_of(moment, zone))


class _Calendar:
    """The rules by when they hold: between two moments at which any of them begins or ends nothing changes, but for
    those of certain weekdays and hours, which are looked at every minute."""

    def __init__(self, reference: Reference) -> None:
        self.changes = reference.rule_changes
        self._rules = sorted((rule for rule in reference.rules.values() if rule.live), key=lambda rule: rule.id)
        self._moments = sorted({moment for rule in self._rules for moment in (rule.starts, rule.ends)})
        self._stores = frozenset(store for rule in self._rules for store in rule.stores)
        self._holding: dict[tuple[int, str], tuple[Rule, ...]] = {}
        self._steering: dict[tuple[int, str, str], Steering | None] = {}
        self._weekly = any(rule.weekly for rule in self._rules)
        self._minute, self._of_minute = -1, dict[tuple[int, str, str], Steering | None]()

    def steering(self, placement: str, store: str, moment: int, reference: Reference) -> Steering | None:
        """Stores that no rule names are as none."""
        span = bisect_right(self._moments, moment)
        if self._weekly:
            return self._this_minute((span, placement, store), moment, reference)
        asked = (span, placement, store if store in self._stores else "")
        if asked not in self._steering:
            self._steering[asked] = _steering(self._in_store(placement, asked[2], moment), reference.items)
        return self._steering[asked]

    def _this_minute(self, asked: tuple[int, str, str], moment: int, reference: Reference) -> Steering | None:
        """What was found is forgotten when the minute is over."""
        if moment // MINUTE != self._minute:
            self._minute, self._of_minute = moment // MINUTE, {}
        if asked not in self._of_minute:
            _, placement, store = asked
            rules = self._in_store(placement, store, moment)
            now = [rule for rule in rules if by_the_clock(rule, store, moment, reference)]
            self._of_minute[asked] = _steering(now, reference.items)
        return self._of_minute[asked]

    def _in_store(self, placement: str, store: str, moment: int) -> list[Rule]:
        return [rule for rule in self.at(placement, moment) if not rule.stores or store in rule.stores]

    def at(self, placement: str, moment: int) -> tuple[Rule, ...]:
        span = bisect_right(self._moments, moment)
        known = self._holding.get((span, placement))
        if known is None:
            known = self._holding[span, placement] = tuple(
                rule
                for rule in self._rules
                if rule.starts <= moment < rule.ends and (not rule.placements or placement in rule.placements)
            )
        return known

    def any_between(self, placement: str, first: int, last: int) -> bool:
        begun = self._moments[bisect_right(self._moments, first) : bisect_right(self._moments, last)]
        return any(self.at(placement, moment) for moment in (first, *begun))


def _first(rules: tuple[Rule, ...], item: str, catalog: Mapping[str, Item]) -> Rule | None:
    known = catalog.get(item) if rules else None
    return next((rule for rule in rules if rule.concerns(item, known)), None)


def _calendar(reference: Reference) -> _Calendar:
    known = _calendars.get(reference)
    if known is None or known.changes != reference.rule_changes:
        known = _calendars[reference] = _Calendar(reference)
    return known


_calendars: WeakKeyDictionary[Reference, _Calendar] = WeakKeyDictionary()
