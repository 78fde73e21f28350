"""Which of a model's items are of a category or department, the most popular first, kept up with every change."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator

from recommender.derived import Derived
from recommender.model import Model
from retail.catalog import Item
from retail.reference import Reference

Names = tuple[str, ...]
"""Category and department of an item, without what is missing."""


class Aisles:
    """By name of a category or a department. rows: of the model, ascending, and so the most popular first.

    unknown: items that the model does not know, in the order of the catalogue.
    """

    def __init__(self, model: Model, reference: Reference) -> None:
        self.rows: defaultdict[str, list[int]] = defaultdict(list)
        self.unknown: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._changes = reference.item_changes
        self._alike: dict[Names, Names] = {}
        self._names_of_row = [self._names(reference.items.get(item)) for item in model.items]
        self._names_of_unknown: dict[str, Names] = {}
        for row, names in enumerate(self._names_of_row):
            for name in names:
                self.rows[name].append(row)
        known = set(model.items)
        for item in list(reference.items):
            if item not in known:
                self._put_unknown(item, self._names(reference.items.get(item)))

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where that is more than the reference remembers."""
        if reference.item_changes == self._changes:
            return True
        changed = reference.items_since(self._changes)
        if changed is None:
            return False
        changed.reverse()
        for item, row in zip(changed, model.rows(changed), strict=True):
            names = self._names(reference.items.get(item))
            if row < 0:
                self._put_unknown(item, names)
            else:
                self._put(row, names)
        self._changes = reference.item_changes
        return True

    def _put(self, row: int, names: Names) -> None:
        before = self._names_of_row[row]
        if names == before:
            return
        for name in before:
            rows = self.rows[name]
            del rows[bisect_left(rows, row)]
        for name in names:
            insort(self.rows[name], row)
        self._names_of_row[row] = names

    def _put_unknown(self, item: str, names: Names) -> None:
        """Behind the others, where the catalogue has what was put there last."""
        for name in self._names_of_unknown.pop(item, ()):
            self.unknown[name].pop(item, None)
        for name in names:
            self.unknown[name][item] = None
        if names:
            self._names_of_unknown[item] = names

    def _names(self, item: Item | None) -> Names:
        """One object for all items of the same names: there may be a million."""
        names = tuple(dict.fromkeys(name for name in (item.category, item.department) if name)) if item else ()
        return self._alike.setdefault(names, names)


def popular_rows(aisles: Aisles, names: Iterable[str], most: int) -> list[int]:
    """The `most` most popular rows of any of the names, each once."""
    rows = {row for name in names if name in aisles.rows for row in aisles.rows[name][:most]}
    return sorted(rows)[:most]


def unknown_items(aisles: Aisles, names: Iterable[str]) -> Iterator[str]:
    """Items of any of the names that the model does not know, each once."""
    told: set[str] = set()
    for name in names:
        for item in aisles.unknown.get(name, ()):
            if item not in told:
                told.add(item)
                yield item


def holds(aisles: Aisles, names: Iterable[str]) -> bool:
    """Whether anything is of one of the names."""
    return any(aisles.rows.get(name) or aisles.unknown.get(name) for name in names)


def is_of(item: Item | None, names: frozenset[str]) -> bool:
    return item is not None and (item.category in names or item.department in names)


def aisles_of(model: Model, reference: Reference) -> Aisles:
    """The aisles as of now. Making them anew takes some microseconds an item: see `Derived`."""
    return _aisles.of(model, reference)


_aisles = Derived(Aisles)
