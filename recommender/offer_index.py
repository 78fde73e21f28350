"""The offers as decisions look them up: by audience, by occasion, and by the items they are about.

Decisions are taken on every occasion and offers change a few times a day, so what an occasion has in common with the
next one is worked out once: which offers hold for this store and zone now. Nothing here depends on the customer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recommender.eligibility import Moment, excluded_by, rank
from retail.catalog import Item, item_key
from retail.decisions import Verdict
from retail.offers import Offer, Trigger
from retail.reference import Reference

DISPLAYS = 2048
"""Displays kept at most before all are worked out anew; one holds the numbers of up to all offers of its group."""

STRONGEST = 5
"""Excluded offers that a display names; a marketer asks why the strongest did not win, not why all of them did not."""


class Group(NamedTuple):
    """Offers, by number, of one purpose for one audience (empty: everybody)."""

    purpose: str
    audience: frozenset[str]
    offers: tuple[int, ...]


class Display(NamedTuple):
    """The offers of a group that hold at a moment, and the strongest of those that do not, with the rule that says so.

    offers: numbers, the strongest first. front: as many of them share the highest priority.
    since, until: as long as the time is in between (half open), the display is right. milliseconds.
    """

    offers: NDArray[np.int64]
    front: int
    excluded: tuple[Verdict, ...]
    since: int
    until: int


class About(NamedTuple):
    """N items that offers are about. keys: (N,) uint64 ascending. items: their ids.

    starts: (N + 1,) int64; the offers about item n are numbers[starts[n]:starts[n + 1]].
    """

    keys: NDArray[np.uint64]
    items: tuple[str, ...]
    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]


class OfferIndex:
    """Made once per change of the offers. offers: all of them, the strongest first; their places are their numbers."""

    def __init__(self, offers: Iterable[Offer], items: Iterable[Item]) -> None:
        """items: the catalogue, through which an offer about a category is about its items."""
        self.offers = tuple(sorted(offers, key=rank))
        items = tuple(items)
        self.about = _about(self.offers, items)
        self.by_category = _by_category(self.offers, items)
        self.groups = _groups(self.offers)
        self._open = tuple(number for number, group in enumerate(self.groups) if not group.audience)
        self._closed: dict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(self.groups):
            for customer in group.audience:
                self._closed[customer].append(number)
        self._displays: dict[tuple[int, frozenset[Trigger], str | None, str | None], Display] = {}

    def groups_of(self, customer: str) -> list[int]:
        """The numbers of the groups whose audience the customer belongs to."""
        return [*self._open, *self._closed.get(customer, ())]

    def strongest(self, group: int) -> Offer:
        return self.offers[self.groups[group].offers[0]]

    def display(self, group: int, moment: Moment) -> Display:
        key = (group, moment.triggers, moment.store, moment.zone)
        display = self._displays.get(key)
        if display is not None and display.since <= moment.at < display.until:
            return display
        if len(self._displays) >= DISPLAYS:
            self._displays.clear()
        display = self._displays[key] = self._display(self.groups[group].offers, moment)
        return display

    def _display(self, numbers: Sequence[int], moment: Moment) -> Display:
        held: list[int] = []
        excluded: list[Verdict] = []
        since, until = -1 << 63, 1 << 63
        for number in numbers:
            offer = self.offers[number]
            rule = excluded_by(offer, moment)
            if not rule:
                held.append(number)
            elif len(excluded) < STRONGEST:
                excluded.append(Verdict(offer.id, rule))
            for edge in (offer.starts, offer.ends):
                since, until = (max(since, edge), until) if edge <= moment.at else (since, min(until, edge))
        front = sum(self.offers[number].priority == self.offers[held[0]].priority for number in held)
        return Display(np.array(held, np.int64), front, tuple(excluded), since, until)


def index_of(reference: Reference) -> OfferIndex:
    """The index of the offers as they stand; made when first asked for after a change.

    It is a memory of what follows from the reference alone, so who asks need not know of it.
    """
    known = _indexes.get(reference)
    if known is not None and known[0] == reference.revision:
        return known[1]
    index = OfferIndex(reference.offers.values(), reference.items.values())
    _indexes[reference] = (reference.revision, index)
    return index


_indexes: WeakKeyDictionary[Reference, tuple[int, OfferIndex]] = WeakKeyDictionary()


def _groups(offers: Sequence[Offer]) -> tuple[Group, ...]:
    found: dict[tuple[str, frozenset[str]], list[int]] = defaultdict(list)
    for number, offer in enumerate(offers):
        found[offer.purpose, offer.customers].append(number)
    return tuple(Group(purpose, audience, tuple(numbers)) for (purpose, audience), numbers in found.items())


def _about(offers: Sequence[Offer], items: Iterable[Item]) -> About:
    named: dict[str, list[int]] = defaultdict(list)
    categories: dict[str, list[int]] = defaultdict(list)
    for number, offer in enumerate(offers):
        for item in offer.items:
            named[item].append(number)
        for category in offer.categories:
            categories[category].append(number)
    for one in items:
        if one.category in categories:
            found, own = categories[one.category], named.get(one.id)
            named[one.id] = found if own is None else sorted({*own, *found})
    return _packed(named)


def _by_category(offers: Iterable[Offer], items: Iterable[Item]) -> dict[str, list[str]]:
    """The ids of the items of each category that an offer is about."""
    found: dict[str, list[str]] = {category: [] for offer in offers for category in offer.categories}
    for one in items:
        if one.category in found:
            found[one.category].append(one.id)
    return found


def _packed(numbers: Mapping[str, list[int]]) -> About:
    ordered = sorted((item_key(item), item) for item in numbers)
    starts = np.zeros(len(ordered) + 1, np.int64)
    np.cumsum([len(numbers[item]) for _, item in ordered], out=starts[1:])
    return About(
        keys=np.array([key for key, _ in ordered], np.uint64),
        items=tuple(item for _, item in ordered),
        starts=starts,
        numbers=np.fromiter(chain.from_iterable(numbers[item] for _, item in ordered), np.int64),
    )
