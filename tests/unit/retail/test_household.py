from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.catalog import Item
from retail.events import CustomerIdentified
from retail.household import ANYTHING, NAMES, NOBODY, Declared, Household, age_of, household_after, merged
from retail.ingredients import unfit
from tests.shop import DAY, NOON
from tests.unit.retail.wire.sender import message, refined

said = st.tuples(
    st.builds(
        Declared,
        allergens=st.one_of(st.none(), st.lists(st.sampled_from(["milk", "peanut"]), max_size=2).map(tuple)),
        diets=st.one_of(st.none(), st.just(()), st.just(("vegan",))),
        born=st.sampled_from([0, 730_000, 735_000]),
    ),
    st.integers(0, 5),
)


def household(*declarations: tuple[Declared, int]) -> Household:
    folded = NOBODY
    for one, at in declarations:
        folded = household_after(folded, one, at)
    return folded


@settings(max_examples=40, deadline=None)
@given(st.lists(said, max_size=4))
def test_a_household_is_the_same_in_whatever_order_its_declarations_come(
    declarations: list[tuple[Declared, int]],
) -> None:
    assert len({str(household(*some)) for some in permutations(declarations)}) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(said, max_size=3), st.lists(said, max_size=3))
def test_two_households_that_are_one_hold_what_either_declared(
    one: list[tuple[Declared, int]], other: list[tuple[Declared, int]]
) -> None:
    assert merged(household(*one), household(*other)) == household(*one, *other)


def test_a_later_none_takes_an_allergen_back_and_an_earlier_one_does_not() -> None:
    nuts, none = Declared(allergens=("nuts",)), Declared(allergens=())
    assert household((nuts, 1), (none, 2)).allergens == {}
    assert household((none, 1), (nuts, 2)).allergens == {"nuts": 2}
    assert household((nuts, 2), (none, 2)).allergens == {"nuts": 2}


def test_more_allergens_than_are_kept_forbid_everything() -> None:
    many = tuple(f"allergen {n}" for n in range(NAMES + 1))
    assert household((Declared(allergens=many), 1)).allergens == {ANYTHING: 1}


@pytest.mark.parametrize(
    ("traits", "allergens"),
    [
        ({"allergens": ["Peanut", "tree_nuts"]}, {"peanut", "tree nuts"}),
        ({"allergies": "milk, Céleri"}, {"milk", "celeri"}),
        ({"allergens": {"egg": True, "milk": False}}, {"egg"}),
        ({"allergens": ["milk"], "allergies": ["egg"]}, {"milk", "egg"}),
        ({"allergens": [{"name": "milk"}]}, {ANYTHING}),
        ({"allergens": 7}, {ANYTHING}),
        ({"allergens": ["x" * 300]}, {ANYTHING}),
        ({"allergens": []}, set()),
    ],
)
def test_allergens_are_read_as_senders_write_them_and_what_is_unreadable_is_everything(
    traits: dict[str, object], allergens: set[str]
) -> None:
    declared = refined(message("identify", traits=traits))
    assert isinstance(declared, CustomerIdentified)
    assert declared.household is not None
    assert set(declared.household.allergens or ()) == allergens


@pytest.mark.parametrize("traits", [{"allergens": None}, {"allergens": " "}, {"birthday": "soon"}, {"birthday": 1990}])
def test_nothing_said_declares_nothing(traits: dict[str, object]) -> None:
    assert refined(message("identify", traits=traits)).household is None  # type: ignore[union-attr]


def test_a_birthday_counts_when_it_has_come_everywhere() -> None:
    born = Household(born=Declared(born=720_000).born)
    assert age_of(NOBODY, NOON) is None
    ages = [age_of(born, NOON + n * DAY) for n in range(366)]
    assert ages == sorted(ages)  # type: ignore[type-var]
    assert len(set(ages)) == 2


@pytest.mark.parametrize(
    ("ingredients", "allergen", "reason"),
    [
        (("Peanut oil",), "peanut", "allergen"),
        (("aceite de cacahuete",), "peanuts", "allergen"),
        (("whey powder",), "lactose", "allergen"),
        (("kiwi",), "kiwi", "allergen"),
        (("rice",), "milk", ""),
        ((), "milk", ""),
        (None, "milk", "unknown_ingredients"),
        (("rice",), ANYTHING, "allergen"),
        ((), ANYTHING, ""),
    ],
)
def test_an_allergen_forbids_what_holds_it(ingredients: tuple[str, ...] | None, allergen: str, reason: str) -> None:
    assert unfit(Item(id="x", ingredients=ingredients), frozenset({allergen}), frozenset()) == reason


@pytest.mark.parametrize(
    ("item", "diet", "reason"),
    [
        (Item(id="x", ingredients=("beef gelatine",)), "vegetarian", "diet"),
        (Item(id="x", ingredients=("oats", "honey")), "vegan", "diet"),
        (Item(id="x", ingredients=("rice",)), "vegan", ""),
        (Item(id="x", ingredients=("rice",)), "halal", "diet"),
        (Item(id="x", ingredients=("rice",), diets=("Halal",)), "halal", ""),
        (Item(id="x"), "vegan", "unknown_ingredients"),
        (Item(id="x", diets=("vegan",)), "vegan", ""),
        (Item(id="x", ingredients=()), "kosher", ""),
    ],
)
def test_a_diet_forbids_what_does_not_fit_it(item: Item, diet: str, reason: str) -> None:
    assert unfit(item, frozenset(), frozenset({diet})) == reason
