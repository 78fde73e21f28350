"""What merchandisers want of the slates: rules that exclude, rest, pin, boost or bury, where and while it holds."""

from enum import StrEnum

import msgspec

from retail.catalog import Item
from retail.weekly import Weekday, hours_of, zone_of

LAST_PLACE = 100
"""The last place of the longest slate."""

LONGEST_REST = 3650
"""Days."""


class Effect(StrEnum):
    """EXCLUDE: shown nowhere the rule holds. REST: not shown for a while to who bought it. PIN: shown at one place.
    BOOST, BURY: ranked higher, or lower."""

    EXCLUDE = "exclude"
    REST = "rest"
    PIN = "pin"
    BOOST = "boost"
    BURY = "bury"


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One rule. It is about an item that is named, or whose category or department, or whose brand is named.

    placements, stores: where it holds; empty mean everywhere. A rule with stores does not hold where no store is known.
    starts, ends: milliseconds since the epoch, half open. live: false switches it off.
    weekdays, hours: of these alone, as `08:00-12:30`, by the clock of the store, and where no store is known by that of
    time_zone, an IANA name.
    days: of a rest, from 1. place: of a pin, from 1. strength: what a score is multiplied with to boost it, and divided
    by to bury it.

    Raises ValueError where it cannot be meant; read from JSON, that is a msgspec.ValidationError.
    """

    id: str
    effect: Effect
    name: str = ""
    items: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    placements: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    starts: int = 0
    ends: int = 1 << 62
    weekdays: frozenset[Weekday] = frozenset()
    hours: str = ""
    time_zone: str = "UTC"
    days: int = 0
    place: int = 1
    strength: float = 2.0
    live: bool = True

    def __post_init__(self) -> None:
        if flaw := _flaw(self):
            raise ValueError(flaw)

    @property
    def weekly(self) -> bool:
        """Whether it comes and goes within a week."""
        return bool(self.weekdays or self.hours)

    def concerns(self, item: str, known: Item | None) -> bool:
        """known: what the catalogue says of the item, None where it says nothing."""
        if item in self.items:
            return True
        return known is not None and self.concerns_kind(known.category, known.department, known.brand)

    def concerns_kind(self, category: str, department: str, brand: str) -> bool:
        """Items of the kind, whatever their ids."""
        return category in self.categories or department in self.categories or brand in self.brands


def _flaw(rule: Rule) -> str:
    """Why the rule cannot be meant, "" where it can."""
    if not (rule.items or rule.categories or rule.brands):
        return "it names neither items nor categories nor brands, and would be about nothing"
    if "" in rule.items | rule.categories | rule.brands | rule.placements | rule.stores:
        return "an empty text names nothing; leave it out"
    if rule.ends <= rule.starts:
        return "it ends before it starts"
    if rule.weekly and (flaw := _weekly_flaw(rule)):
        return flaw
    if rule.effect is Effect.PIN and (len(rule.items) != 1 or rule.categories or rule.brands):
        return "a pin names exactly one item, and nothing else"
    if rule.effect is Effect.REST and not 1 <= rule.days <= LONGEST_REST:
        return f"days {rule.days} is none of 1 to {LONGEST_REST}; a rest says for how many days"
    if not 1 <= rule.place <= LAST_PLACE:
        return f"place {rule.place} is none of 1 to {LAST_PLACE}"
    if not 1 < rule.strength <= 1e6:
        return f"strength {rule.strength} is not above 1 and up to a million; to rank lower, bury"
    return ""


def _weekly_flaw(rule: Rule) -> str:
    try:
        hours_of(rule.hours)
    except ValueError as fault:
        return str(fault)
    return "" if zone_of(rule.time_zone) is not None else f"time_zone {rule.time_zone} is no zone of the IANA database"
