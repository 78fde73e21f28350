"""What is remembered of a household's refusals is what its filters say now, whatever changed in between."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from recommender import refusals
from recommender.filters import Filters, filters_of
from recommender.model import Model
from recommender.refusals import Remembering, remembering
from retail.catalog import Item
from retail.household import Household
from retail.reference import Reference
from tests.shop import NOON, added, customer_who, dismissed
from tests.unit.recommender.test_forbidden import customer, drawn, world

MODEL = Model.empty()
PEANUT = Household({"peanut": 1}, {})


def household(reference: Reference, *, store: str = "", items: str = "") -> Filters:
    """items: that are in the cart."""
    state = customer_who(*(added(item, at=NOON) for item in items.split()), reference=reference)
    return filters_of(msgspec.structs.replace(state, household=PEANUT), reference.items, NOON, store)


@settings(max_examples=60)
@given(some.integers(0, 1 << 32), some.integers(1, 4))
def test_what_is_remembered_is_what_the_filters_say(seed: int, changes: int) -> None:
    chance = np.random.default_rng(seed)
    reference = world(chance)
    items = [*reference.items, "unheard of"]
    for _ in range(changes):
        for _ in range(3):
            filters = filters_of(customer(chance), reference.items, NOON, ["", "madrid"][int(chance.integers(2))], "i3")
            remembered = remembering(filters, MODEL, reference)
            assert [remembered.refusal(item) for item in items] == [filters.refusal(item) for item in items]
        number = int(chance.integers(16))
        reference.put_item(f"i{number}", drawn(chance, number) if chance.random() < 0.8 else None)


def test_what_is_in_one_customers_cart_is_refused_to_nobody_else() -> None:
    reference = Reference(items={name: Item(id=name, ingredients=("rice",)) for name in ("rice", "cake")})
    one, other = (remembering(household(reference, items=held), MODEL, reference) for held in ("rice", ""))
    assert (one.refusal("rice"), other.refusal("rice")) == ("in_cart", "")


def test_what_one_customer_waved_away_is_refused_to_nobody_else() -> None:
    reference = Reference(items={"rice": Item(id="rice", ingredients=("rice",))})
    state = msgspec.structs.replace(customer_who(dismissed("rice", at=NOON), reference=reference), household=PEANUT)
    one = remembering(filters_of(state, reference.items, NOON), MODEL, reference)
    assert (one.refusal("rice"), remembering(household(reference), MODEL, reference).refusal("rice")) == (
        "dismissed",
        "",
    )


def test_of_ever_new_households_and_items_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "HOUSEHOLDS", 3)
    monkeypatch.setattr(refusals, "ITEMS", 10)
    reference = Reference(items={f"i{n}": Item(id=f"i{n}", ingredients=("rice",)) for n in range(40)})
    for store in range(9):
        for first in range(0, 40, 8):
            remembered = remembering(household(reference, store=f"s{store}"), MODEL, reference)
            assert isinstance(remembered, Remembering)
            assert {remembered.refusal(f"i{n}") for n in range(first, first + 8)} == {""}
            assert len(remembered.known) <= 18
    kept = refusals._refusals.of(MODEL, reference)._known
    assert len(kept) == 3
