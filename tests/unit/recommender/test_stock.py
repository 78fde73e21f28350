from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.filters import REASONS, Filters
from recommender.model import Model, make_model
from recommender.stock import stock_of
from retail.catalog import Item
from retail.reference import Reference
from tests.unit.recommender.shelves import random_arrays

MODEL = make_model("m", random_arrays(items=12))

Change = tuple[str, bool | None]
"""Item, and whether it may be recommended; None removes it."""

changes = st.lists(
    st.tuples(st.sampled_from([*MODEL.items, "novelty"]), st.sampled_from([True, False, None])), max_size=20
)


def change(reference: Reference, item: str, available: bool | None) -> None:
    reference.put_item(item, None if available is None else Item(id=item, available=available))


def told(model: Model, reference: Reference) -> list[str]:
    return [REASONS[code] for code in stock_of(model, reference).codes.tolist()]


def looked_up(model: Model, reference: Reference) -> list[str]:
    return [Filters(reference.items).refusal(item) for item in model.items]


@given(st.lists(changes, max_size=5))
def test_the_stock_follows_every_change_of_the_catalogue(rounds: list[list[Change]]) -> None:
    reference = Reference()
    for changed in rounds:
        for item, available in changed:
            change(reference, item, available)
        assert told(MODEL, reference) == looked_up(MODEL, reference)


def test_more_changes_than_are_remembered_are_followed_too() -> None:
    reference = Reference(latest_items=deque(maxlen=5))
    change(reference, "i3", True)
    assert told(MODEL, reference)[3] == ""
    change(reference, "i3", False)
    for n in range(6):
        change(reference, f"other-{n}", True)
    assert told(MODEL, reference)[3] == "unavailable"


@pytest.mark.parametrize("items", [5, 20])
def test_another_model_has_its_own_stock(items: int) -> None:
    reference = Reference()
    change(reference, "i3", False)
    other = make_model("o", random_arrays(items=items))
    assert told(MODEL, reference) == looked_up(MODEL, reference)
    assert told(other, reference) == looked_up(other, reference)


def test_two_catalogues_do_not_share_a_stock() -> None:
    here, there = Reference(), Reference()
    change(here, "i3", False)
    change(there, "i3", True)
    assert (told(MODEL, here)[3], told(MODEL, there)[3]) == ("unavailable", "")


def test_a_model_of_no_items_has_no_stock() -> None:
    assert told(Model.empty(), Reference()) == []


def test_whether_any_item_depends_on_the_customer_is_kept_up() -> None:
    reference = Reference()
    reference.put_item("i3", Item(id="i3", age=18))
    assert stock_of(MODEL, reference).any_conditional
    reference.put_item("i3", Item(id="i3", age=16))
    assert stock_of(MODEL, reference).any_conditional
    reference.put_item("i3", Item(id="i3"))
    assert not stock_of(MODEL, reference).any_conditional
