"""Which of a model's items are of a category or department, the most popular first, kept up with every change."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from recommender.model import Model
from retail.catalog import Item
from retail.reference import Reference


class Aisles:
    """By name of a category or a department. rows: of the model, ascending, and so the most popular first.

    unknown: items that the model does not know, in the order of the catalogue.
    """

    def __init__(self, model: Model, reference: Reference) -> None:
        self.model = model
        self.rows: defaultdict[str, list[int]] = defaultdict(list)
        self.unknown: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._changes = reference.item_changes
        known = set(model.items)
        for row, item in enumerate(model.items):
            for name in _names(reference.items.get(item)):
                self.rows[name].append(row)
        for item in reference.items:
            if item not in known:
                self._add_unknown(item, reference)

    def follow(self, reference: Reference) -> bool:
        """Takes in what changed since; False where that is more than the reference remembers."""
        changed = reference.items_since(self._changes)
        if changed is None:
            return False
        for item in changed:
            row = self.model.row(item)
            if row < 0:
                self._move_unknown(item, reference)
            else:
                self._move(row, reference.items.get(item))
        self._changes = reference.item_changes
        return True

    def _move(self, row: int, item: Item | None) -> None:
        for rows in self.rows.values():
            place = bisect_left(rows, row)
            if place < len(rows) and rows[place] == row:
                del rows[place]
        for name in _names(item):
            insort(self.rows[name], row)

    def _move_unknown(self, item: str, reference: Reference) -> None:
        for items in self.unknown.values():
            items.pop(item, None)
        self._add_unknown(item, reference)

    def _add_unknown(self, item: str, reference: Reference) -> None:
        for name in _names(reference.items.get(item)):
            self.unknown[name][item] = None


def popular_rows(aisles: Aisles, names: Iterable[str], most: int) -> list[int]:
    """The `most` most popular rows of any of the names, each once."""
    rows = {row for name in names if name in aisles.rows for row in aisles.rows[name][:most]}
    return sorted(rows)[:most]


def unknown_items(aisles: Aisles, names: Iterable[str]) -> Iterator[str]:
    """Items of any of the names that the model does not know; of two names perhaps twice."""
    return (item for name in names if name in aisles.unknown for item in aisles.unknown[name])


def holds(aisles: Aisles, names: Iterable[str]) -> bool:
    """Whether anything is of one of the names."""
    return any(aisles.rows.get(name) or aisles.unknown.get(name) for name in names)


def is_of(item: Item | None, names: frozenset[str]) -> bool:
    return item is not None and (item.category in names or item.department in names)


def aisles_of(model: Model, reference: Reference) -> Aisles:
    """The aisles as of now."""
    known = _aisles.get(reference)
    if known is None or known.model is not model or not known.follow(reference):
        known = _aisles[reference] = Aisles(model, reference)
    return known


def _names(item: Item | None) -> set[str]:
    return {name for name in (item.category, item.department) if name} if item else set()


_aisles: WeakKeyDictionary[Reference, Aisles] = WeakKeyDictionary()
