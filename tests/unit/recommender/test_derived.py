import gc
import weakref
from collections import deque

from recommender.derived import Derived
from recommender.model import Model, make_model
from retail.catalog import Item
from retail.reference import Reference
from tests.unit.recommender.shelves import random_arrays


class Count:
    """Of the items, as of the last look."""

    made = 0

    def __init__(self, model: Model, reference: Reference) -> None:
        Count.made += 1
        self.items, self._changes = len(reference.items), reference.item_changes

    def follow(self, model: Model, reference: Reference) -> bool:
        followed = reference.items_since(self._changes) is not None
        self.items, self._changes = len(reference.items), reference.item_changes
        return followed


def model(version: str) -> Model:
    return make_model(version, random_arrays(items=3))


def test_a_model_that_is_tried_out_beside_another_costs_neither_its_lookups() -> None:
    counts, old, new, reference = Derived(Count), model("old"), model("new"), Reference()
    before = Count.made
    for number in range(10):
        reference.put_item(f"i{number}", Item(id=f"i{number}"))
        assert counts.of(old, reference).items == counts.of(new, reference).items == number + 1
    assert Count.made == before + 2


def test_what_forgot_too_many_changes_is_made_anew() -> None:
    counts, one, reference = Derived(Count), model("one"), Reference(latest_items=deque(maxlen=2))
    before = Count.made
    counts.of(one, reference)
    for number in range(3):
        reference.put_item(f"i{number}", Item(id=f"i{number}"))
    assert counts.of(one, reference).items == 3
    assert Count.made == before + 2


def test_what_follows_from_a_model_goes_with_it() -> None:
    counts, old, reference = Derived(Count), model("old"), Reference()
    gone = weakref.ref(counts.of(old, reference))
    del old
    gc.collect()
    assert gone() is None
