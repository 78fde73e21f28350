"""Items that nobody chose yet, beside those that they are like by what the catalogue says of them.

Cosine of tf-idf vectors of brand, words of the name, ingredients and price band (Salton and Buckley, 1988), of a
newcomer against the most popular items of its category: the catalogue's categories are the index, so that a million
items cost no more than a hundred. Seconds after an item enters the catalogue it stands beside them; once a model knows
it, it has to stand for itself.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush, nlargest
from itertools import chain, islice

from recommender.aisles import aisles_of, is_of, popular_rows
from recommender.derived import Derived
from recommender.draft import Candidate
from recommender.model import Model
from retail.catalog import Item
from retail.reference import Reference
from retail.slates import Source

NEWEST = 300
"""Newcomers looked at, the latest put into the catalogue: a range that was never sold is not news."""

AMONG = 100
"""Items of the category that a newcomer is compared with, the most popular: some 100 us."""

NEAR = 5
"""Items that a newcomer stands beside."""

LIKE = 0.15
"""Cosine from which two items are alike: below it they share a price or a frequent word."""

SHOWN = 3
"""Newcomers on a slate at most: they have not shown yet that anybody wants them."""

_WORD = re.compile(r"\w\w+")


class Newcomers:
    """near: by newcomer, the latest last, the items that the model knows and how like they are, 0 to 1, the most alike
    first. beside: the same the other way round."""

    def __init__(self, model: Model, reference: Reference) -> None:
        self.near: dict[str, list[tuple[str, float]]] = {}
        self.beside: dict[str, dict[str, float]] = {}
        self._changes = reference.item_changes
        unknown = {item for items in aisles_of(model, reference).unknown.values() for item in items}
        # A copy: the shop may change meanwhile, in another thread.
        latest = list(islice((item for item in reversed(list(reference.items)) if item in unknown), NEWEST))
        for item in reversed(latest):
            self._put(item, model, reference)

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where that is more than the reference remembers."""
        if reference.item_changes == self._changes:
            return True
        changed = reference.items_since(self._changes)
        if changed is None:
            return False
        for item in reversed(changed):
            self._remove(item)
            if item in reference.items and model.row(item) < 0:
                self._put(item, model, reference)
        for item in list(self.near)[: max(0, len(self.near) - NEWEST)]:
            self._remove(item)
        self._changes = reference.item_changes
        return True

    def _put(self, item: str, model: Model, reference: Reference) -> None:
        newcomer = reference.items.get(item)
        if newcomer is None:
            return
        self.near[item] = alike(newcomer, model, reference)
        for known, likeness in self.near[item]:
            self.beside.setdefault(known, {})[item] = likeness

    def _remove(self, item: str) -> None:
        for known, _ in self.near.pop(item, ()):
            self.beside[known].pop(item)


def alike(newcomer: Item, model: Model, reference: Reference) -> list[tuple[str, float]]:
    """The items of its category, else of its department, that it is most like; the most alike first."""
    aisles = aisles_of(model, reference)
    names = [name for name in (newcomer.category, newcomer.department) if aisles.rows.get(name)][:1]
    rows = popular_rows(aisles, names, AMONG)
    among = [item for row in rows if (item := reference.items.get(model.items[row])) is not None]
    vectors = [terms_of(item) for item in among]
    own = terms_of(newcomer)
    frequency = Counter(term for vector in (own, *vectors) for term in vector)
    worth = {term: math.log(1 + len(vectors) / count) ** 2 for term, count in frequency.items()}
    length = math.sqrt(sum(worth[term] for term in own))
    found = []
    for item, vector in zip(among, vectors, strict=True):
        shared = sum(worth[term] for term in own & vector)
        if shared:
            found.append((shared / (length * math.sqrt(sum(worth[term] for term in vector))), item.id))
    return [(item, likeness) for likeness, item in nlargest(NEAR, found) if likeness >= LIKE]


def terms_of(item: Item) -> frozenset[str]:
    """What is compared: prefixed, so that a brand is no word of a name. Prices within a factor of 1.4 are one band."""
    words = {f"word {word}" for word in _WORD.findall(item.name.lower())}
    parts = {f"part {part.lower()}" for part in item.ingredients or ()}
    brand = {f"brand {item.brand.lower()}"} if item.brand else set()
    price = {f"price {round(2 * math.log2(item.price))}"} if item.price and math.isfinite(item.price) else set()
    return frozenset(words | parts | brand | price)


def with_newcomers(ranking: Iterator[Candidate], newcomers: Newcomers) -> Iterator[Candidate]:
    """The candidates, best first, and among them newcomers: each counts what its known item does, as far as they are
    alike, so that the customer's taste for that one decides."""
    waiting: list[tuple[float, str, str]] = []
    told: set[str] = set()
    for candidate in ranking:
        yield from _above(candidate[1], waiting)
        yield candidate
        for item, likeness in newcomers.beside.get(candidate[0], {}).items():
            if item not in told and len(told) < SHOWN:
                told.add(item)
                heappush(waiting, (-candidate[1] * likeness, item, candidate[0]))
    yield from _above(0.0, waiting)


def among_newcomers(
    candidates: Iterator[Candidate], page: str, names: frozenset[str] | None, model: Model, reference: Reference
) -> Iterator[Candidate]:
    """The candidates with newcomers among them, where there are any. page: the item that is looked at, "" for none.
    names: categories that newcomers must be of, None for any."""
    newcomers = newcomers_of(model, reference)
    return _among(candidates, newcomers, page, names, reference) if newcomers.near else candidates


def _among(
    candidates: Iterator[Candidate],
    newcomers: Newcomers,
    page: str,
    names: frozenset[str] | None,
    reference: Reference,
) -> Iterator[Candidate]:
    """Beside a newcomer that is looked at first what it is like."""
    near = dict(newcomers.near.get(page, []))
    like = [(item, round(likeness, 4), Source.SIMILAR, "") for item, likeness in near.items()]
    for candidate in chain(like, with_newcomers((one for one in candidates if one[0] not in near), newcomers)):
        if candidate[2] is not Source.NEW or names is None or is_of(reference.items.get(candidate[0]), names):
            yield candidate


def _above(score: float, waiting: list[tuple[float, str, str]]) -> Iterator[Candidate]:
    while waiting and -waiting[0][0] >= score:
        worth, item, known = heappop(waiting)
        yield item, round(-worth, 4), Source.NEW, known


def newcomers_of(model: Model, reference: Reference) -> Newcomers:
    """As of now. Building them anew takes some 100 us a newcomer: for a new model, or a catalogue just loaded."""
    return _newcomers.of(model, reference)


_newcomers = Derived(Newcomers)
