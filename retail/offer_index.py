"""The offers as decisions look them up: by audience, by occasion, and by the items they are about.

Decisions are taken on every occasion and offers change a few times a day, so what an occasion has in common with the
next one is worked out once: which offers hold for this store and zone now. Nothing here depends on the customer.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from retail.catalog import Item, item_key
from retail.decisions import Verdict
from retail.offers import Offer, Trigger

SHELVES = 2048
"""Shelves kept at most before all are worked out anew; one holds the references of up to all offers of its group."""

STRONGEST = 5
"""Excluded offers that a shelf names; a marketer asks why the strongest did not win, not why all of them did not."""

ANYWHERE = None
"""A store or zone that does not matter."""


class Moment(NamedTuple):
    """What an occasion asks of an offer. triggers: those that hold now, empty where it does not matter.

    store, zone: None where it does not matter; zone "" for a store's entrance. at: milliseconds.
    """

    triggers: frozenset[Trigger]
    store: str | None
    zone: str | None
    at: int


class Group(NamedTuple):
    """Offers of one purpose for one audience (empty: everybody), best priority first, then by id."""

    purpose: str
    audience: frozenset[str]
    offers: tuple[Offer, ...]


class Shelf(NamedTuple):
    """The offers of a group that hold at a moment, and the strongest of those that do not, with the rule that says so.

    since, until: as long as the time is in between (half open), the shelf is right. milliseconds.
    """

    offers: tuple[Offer, ...]
    excluded: tuple[Verdict, ...]
    since: int
    until: int


class OfferIndex:
    """Made once per change of the offers."""

    def __init__(self, groups: tuple[Group, ...], about: dict[int, tuple[Offer, ...]]) -> None:
        """about: the offers about an item, by item key."""
        self.about = about
        self._groups = groups
        self._open = tuple(number for number, group in enumerate(groups) if not group.audience)
        self._closed: dict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(groups):
            for customer in group.audience:
                self._closed[customer].append(number)
        self._shelves: dict[tuple[int, frozenset[Trigger], str | None, str | None], Shelf] = {}

    @staticmethod
    def of(offers: Iterable[Offer], items: Iterable[Item]) -> "OfferIndex":
        """items: the catalogue, through which an offer about a category is about its items."""
        ordered = sorted(offers, key=rank)
        groups: dict[tuple[str, frozenset[str]], list[Offer]] = defaultdict(list)
        for offer in ordered:
            groups[offer.purpose, offer.customers].append(offer)
        made = tuple(Group(purpose, audience, tuple(group)) for (purpose, audience), group in groups.items())
        return OfferIndex(made, _about(ordered, items))

    def groups_of(self, customer: str) -> list[int]:
        """The numbers of the groups whose audience the customer belongs to."""
        return [*self._open, *self._closed.get(customer, ())]

    def purpose(self, group: int) -> str:
        return self._groups[group].purpose

    def strongest(self, group: int) -> Offer:
        return self._groups[group].offers[0]

    def shelf(self, group: int, moment: Moment) -> Shelf:
        key = (group, moment.triggers, moment.store, moment.zone)
        shelf = self._shelves.get(key)
        if shelf is not None and shelf.since <= moment.at < shelf.until:
            return shelf
        if len(self._shelves) >= SHELVES:
            self._shelves.clear()
        shelf = self._shelves[key] = _shelf(self._groups[group].offers, moment)
        return shelf


def rank(offer: Offer) -> tuple[int, str]:
    """Sorts the strongest first."""
    return -offer.priority, offer.id


def excluded_by(offer: Offer, moment: Moment) -> str:
    """The first rule by which the offer does not hold at the moment, "" if it holds."""
    if not offer.live:
        return "not_live"
    if not offer.starts <= moment.at < offer.ends:
        return "not_started" if moment.at < offer.starts else "ended"
    if moment.triggers and offer.triggers.isdisjoint(moment.triggers):
        return "other_trigger"
    if moment.store is not ANYWHERE and offer.stores and moment.store not in offer.stores:
        return "other_store"
    if moment.zone is not ANYWHERE and offer.zones and moment.zone not in offer.zones:
        return "other_zone"
    return ""


def _shelf(offers: tuple[Offer, ...], moment: Moment) -> Shelf:
    held: list[Offer] = []
    excluded: list[Verdict] = []
    since, until = -1 << 63, 1 << 63
    for offer in offers:
        rule = excluded_by(offer, moment)
        if not rule:
            held.append(offer)
        elif len(excluded) < STRONGEST:
            excluded.append(Verdict(offer.id, rule))
        for edge in (offer.starts, offer.ends):
            since, until = (max(since, edge), until) if edge <= moment.at else (since, min(until, edge))
    return Shelf(tuple(held), tuple(excluded), since, until)


def _about(offers: Iterable[Offer], items: Iterable[Item]) -> dict[int, tuple[Offer, ...]]:
    """Items of the same offers share one tuple: an offer about a category of a thousand items costs one."""
    named: dict[str, list[Offer]] = defaultdict(list)
    categories: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers:
        for item in offer.items:
            named[item].append(offer)
        for category in offer.categories:
            categories[category].append(offer)
    shared = {category: tuple(found) for category, found in categories.items()}
    about = {item_key(i.id): shared[i.category] for i in items if i.category in shared}
    for item, found in named.items():
        others = [offer for offer in about.get(item_key(item), ()) if offer not in found]
        about[item_key(item)] = (*found, *others)
    return about
