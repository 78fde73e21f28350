from hypothesis import given
from hypothesis import strategies as some

from recommender.aisles import Aisles, aisles_of, popular_rows
from recommender.model import make_model
from retail.catalog import Item
from retail.reference import Reference
from tests.unit.recommender.shelves import random_arrays

MODEL = make_model("m", random_arrays(items=6))

NAMES = ("", "dairy", "fruit", "toys")

Change = tuple[str, tuple[str, str] | None]
"""Item, and its category and department; None removes it."""

changes = some.lists(
    some.tuples(
        some.sampled_from([*MODEL.items, "novelty", "rarity"]),
        some.none() | some.tuples(some.sampled_from(NAMES), some.sampled_from(NAMES)),
    ),
    max_size=12,
)


def change(reference: Reference, item: str, names: tuple[str, str] | None) -> None:
    reference.put_item(item, Item(id=item, category=names[0], department=names[1]) if names else None)


def told(aisles: Aisles) -> tuple[dict[str, list[int]], dict[str, list[str]]]:
    rows = {name: rows for name, rows in aisles.rows.items() if rows}
    return rows, {name: list(items) for name, items in aisles.unknown.items() if items}


@given(some.lists(changes, max_size=5))
def test_the_aisles_follow_every_change_of_the_catalogue(rounds: list[list[Change]]) -> None:
    reference = Reference()
    for changed in rounds:
        for item, names in changed:
            change(reference, item, names)
        assert told(aisles_of(MODEL, reference)) == told(Aisles(MODEL, reference))


@given(some.lists(changes, max_size=5), some.sets(some.sampled_from(NAMES[1:])), some.integers(1, 4))
def test_what_is_most_popular_of_several_names_follows_too(
    rounds: list[list[Change]], names: set[str], most: int
) -> None:
    reference = Reference()
    for changed in rounds:
        for item, kind in changed:
            change(reference, item, kind)
        items = reference.items
        known = [row for row, item in enumerate(MODEL.items) if item in items]
        of_them = [
            row for row in known if {items[MODEL.items[row]].category, items[MODEL.items[row]].department} & names
        ]
        assert list(popular_rows(aisles_of(MODEL, reference), names, most)) == of_them[:most]


def test_a_department_called_like_its_category_lists_an_item_once() -> None:
    reference = Reference()
    change(reference, "i2", ("fruit", "fruit"))
    assert told(aisles_of(MODEL, reference)) == ({"fruit": [2]}, {})
    change(reference, "i2", None)
    assert told(aisles_of(MODEL, reference)) == ({}, {})
