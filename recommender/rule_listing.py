"""Merchandisers' rules as they stand now: which hold, why the others do not, what they concern, which starve; pure."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from recommender.merchandising import by_the_clock, starving
from recommender.model import Model
from recommender.placed import Spot, slate_for
from recommender.placements import RECIPES, Scope
from recommender.recommend import Query
from retail.customers import EMPTY
from retail.merchandising import Effect, Rule
from retail.reference import Reference

PAGE = 10
"""Items of a page that a rule should leave enough for."""

MOST_PAGES = 200
"""Pages looked at for starving rules: the categories and zones that rules name."""


class ListedRule(msgspec.Struct, frozen=True):
    """holds: whether it does in the store that was asked about, else `why_not`. items: of the catalogue that it
    concerns. starves: pages on which exclusions, this one among them, leave a stranger fewer than ten items."""

    id: str
    name: str
    effect: Effect
    holds: bool
    why_not: str
    items: int
    starves: tuple[str, ...]
    rule: Rule


def listed_rules(reference: Reference, model: Model, store: str, at: int) -> list[ListedRule]:
    """All rules by id. at: milliseconds. store: "" for none, as on the web."""
    kinds = Counter((item.category, item.department, item.brand) for item in list(reference.items.values()))
    starved = _starved(reference, model, store, at)
    found = []
    for name, rule in sorted(reference.rules.items()):
        reason = why_not(rule, reference, store, at)
        concerned, pages = _concerned(rule, kinds, reference), tuple(starved.get(name, ()))
        found.append(ListedRule(name, rule.name, rule.effect, not reason, reason, concerned, pages, rule))
    return found


def _concerned(rule: Rule, kinds: Counter[tuple[str, str, str]], reference: Reference) -> int:
    """Items of the catalogue. kinds: items by category, department and brand."""
    by_kind = sum(count for kind, count in kinds.items() if rule.concerns_kind(*kind))
    named = [known for item in rule.items if (known := reference.items.get(item)) is not None]
    return by_kind + sum(not rule.concerns_kind(item.category, item.department, item.brand) for item in named)


def why_not(rule: Rule, reference: Reference, store: str, at: int) -> str:
    """Why the rule does not hold there and then, "" where it does: `off`, `not_started`, `ended`, `other_store`,
    `other_hours`."""
    if not rule.live:
        return "off"
    if not rule.starts <= at < rule.ends:
        return "not_started" if at < rule.starts else "ended"
    if rule.stores and store not in rule.stores:
        return "other_store"
    return "" if by_the_clock(rule, store, at, reference) else "other_hours"


def _starved(reference: Reference, model: Model, store: str, at: int) -> dict[str, list[str]]:
    """By rule the pages on which it leaves few."""
    found: dict[str, list[str]] = {}
    for placement, spot in _pages(reference, store):
        query = Query(customer="", state=EMPTY, at=at, placement=placement, store=store, limit=PAGE)
        page = " ".join(part for part in (placement, spot.category or spot.zone) if part)
        for rule in starving(slate_for(query, spot, model, reference), PAGE):
            found.setdefault(rule, []).append(page)
    return found


def _pages(reference: Reference, store: str) -> Iterator[tuple[str, Spot]]:
    """Of each placement one, of categories those that rules name, of zones those of the store."""
    if not any(rule.effect is Effect.EXCLUDE for rule in reference.rules.values()):
        return
    named = sorted({name for rule in reference.rules.values() for name in rule.categories})[:MOST_PAGES]
    known = reference.stores.get(store)
    for placement, recipe in RECIPES.items():
        if recipe.scope is Scope.CATEGORY:
            yield from ((placement, Spot(category=name)) for name in named)
        elif recipe.scope is Scope.ZONE:
            yield from ((placement, Spot(zone=zone.id)) for zone in (known.zones if known is not None else ()))
        elif recipe.fills:
            yield placement, Spot()
