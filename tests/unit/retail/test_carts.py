from retail.customers import Interaction
from retail.events import Channel, Line
from retail.habits import all_habits
from retail.history import interactions
from tests.shop import MINUTE, NOON, added, bought, customer_who, removed


def test_adding_the_same_item_adds_up() -> None:
    assert customer_who(added("mug"), added("mug", quantity=2)).cart == {"mug": 3}


def test_removing_the_last_unit_removes_the_line() -> None:
    assert customer_who(added("mug"), added("lamp"), removed("mug")).cart == {"lamp": 1}


def test_removing_some_units_leaves_the_others() -> None:
    assert customer_who(added("mug", quantity=3), removed("mug")).cart == {"mug": 2}


def test_removing_what_is_not_in_the_cart_leaves_the_cart_alone() -> None:
    assert customer_who(added("mug"), removed("lamp")).cart == {"mug": 1}


def test_a_purchase_in_the_store_empties_the_bought_items_from_the_cart_of_the_site() -> None:
    state = customer_who(
        added("mug", quantity=5), added("lamp"), bought("mug", at=NOON + MINUTE, store="madrid", channel=Channel.STORE)
    )
    assert state.cart == {"lamp": 1}


def test_an_addition_that_arrives_after_the_later_purchase_stays_bought() -> None:
    assert customer_who(bought("mug", at=NOON + MINUTE), added("mug", NOON)).cart == {}


def test_a_purchase_that_arrives_after_a_later_addition_leaves_it_in_the_cart() -> None:
    assert customer_who(added("mug", NOON + MINUTE), bought("mug", at=NOON)).cart == {"mug": 1}


def test_a_purchase_counts_once_per_item_however_many_lines_and_units() -> None:
    state = customer_who(bought(Line("milk", 6), Line("milk", 6), Line("bread")))
    assert sorted(habit.value for habit in all_habits(state.habits)) == [1.0, 1.0]
    assert [(record.kind, record.quantity) for record in interactions(state.history)] == [
        (Interaction.BOUGHT, 12),
        (Interaction.BOUGHT, 1),
    ]
    assert state.orders == 1


def test_the_newest_purchase_is_remembered_whatever_arrives_last() -> None:
    assert customer_who(bought("mug", at=NOON + MINUTE), bought("milk", at=NOON)).bought_at == NOON + MINUTE
