from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail import journey
from retail.catalog import Item, category_key
from retail.changes import Changes
from retail.correspondence import LETTERS
from retail.customers import EMPTY, CustomerState, Stage, decode_state, encode_state
from retail.events import Event, TimerFired, decode_event, encode_event
from retail.habits import RECORD, all_habits
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.reference import Reference
from tests.shop import DAY, JOURNEY, NOON, SECOND, added, bought, customer_who, entered, identified, shop, viewed
from tests.unit.retail.floor import any_event, any_event_again

SHOP = shop()
SMALL = JourneyPolicy(history=4, habits=8, categories=2, message_limit=6, pushes=2, cart_lines=3, traits=3, purposes=5)


def lived(events: list[Event], policy: JourneyPolicy = JOURNEY, reference: Reference = SHOP) -> CustomerState:
    state = EMPTY
    for event in events:
        state = advance(state, event, reference, policy).state
    return state


def test_every_kind_of_event_has_its_fold() -> None:
    assert {*journey._RULES, TimerFired, *LETTERS} == set(get_args(Event))


def test_what_folds_change_are_fields_of_the_state() -> None:
    assert set(Changes.__annotations__) < {field.name for field in msgspec.structs.fields(CustomerState)}


@given(st.lists(any_event_again, max_size=12))
def test_an_event_applied_again_changes_nothing(events: list[Event]) -> None:
    state = lived(events)
    for event in events:
        again = advance(state, event, SHOP, JOURNEY)
        assert again.state == state
        assert again.duplicate or again.rejected
        assert (again.occasion, again.change) == (None, None)


@given(st.lists(any_event, max_size=12))
def test_the_same_events_give_the_same_state(events: list[Event]) -> None:
    assert lived(events) == lived([decode_event(encode_event(event)) for event in events])


@given(st.lists(any_event, max_size=12))
def test_a_state_survives_being_stored_after_every_event(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        state = advance(decode_state(encode_state(state)), event, SHOP, JOURNEY).state
    assert state == lived(events)


@given(st.lists(any_event, max_size=40))
@settings(max_examples=60)
def test_no_sequence_of_events_grows_a_state_beyond_its_bounds(events: list[Event]) -> None:
    state = lived(events, SMALL)
    assert len(state.history) <= 4 * 16
    assert len(state.habits) <= 9 * RECORD.size
    assert len(state.categories) <= 2 * RECORD.size
    assert len(state.messages) <= 1 + 8 * 4 + 6 * 8
    assert len(state.cart) <= 3
    assert all(0 < quantity <= SMALL.quantity for quantity in state.cart.values())
    assert len(state.traits) <= 3
    assert len(state.care.complaints) <= SMALL.cases
    assert len(state.care.parcels) <= SMALL.cases
    assert len(state.consents) <= 5
    assert state.consented_at.keys() == state.consents.keys()


@given(st.lists(any_event, max_size=12))
def test_the_version_counts_the_applied_events(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        advanced = advance(state, event, SHOP, JOURNEY)
        applied = not (advanced.duplicate or advanced.rejected)
        assert advanced.state.version == state.version + applied
        assert applied or advanced.state is state
        state = advanced.state


@given(st.lists(any_event, max_size=12))
def test_the_newest_event_time_never_goes_back(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        after = advance(state, event, SHOP, JOURNEY).state
        assert after.last >= state.last
        state = after


@given(st.lists(any_event, max_size=15))
def test_an_occasion_arises_only_where_the_customer_is(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        advanced = advance(state, event, SHOP, JOURNEY)
        state = advanced.state
        if advanced.occasion is not None:
            assert state.visit is not None
            assert (advanced.occasion.visit, advanced.occasion.zone) == (state.visit.id, state.visit.zone)
            assert event.received - event.at <= JOURNEY.late_ms


def test_a_stage_change_names_the_event_that_caused_it() -> None:
    change = advance(EMPTY, bought("milk"), SHOP, JOURNEY).change
    assert change is not None
    assert (change.previous, change.current, change.because) == (Stage.NEW, Stage.CUSTOMER, "Order Completed")


def test_a_purchase_counts_once_for_each_category_that_the_catalogue_names() -> None:
    state = lived([bought("milk", "milk", "cheese", at=NOON), bought("milk", "unheard-of", at=NOON + 9 * DAY)])
    counted = {one.item: (one.times, one.first) for one in all_habits(state.categories)}
    assert counted == {category_key("Milk"): (2, NOON // DAY), category_key("Cheese"): (1, NOON // DAY)}


def test_ids_that_the_bound_pushed_out_are_reported() -> None:
    state = lived([viewed("mug", NOON + n) for n in range(6)], SMALL)
    assert advance(state, viewed("mug", NOON + 7), SHOP, SMALL).forgotten == 1


def test_traits_declared_last_stay_when_there_are_too_many() -> None:
    state = lived(
        [identified(traits={"a": "1", "b": "1", "c": "1"}), identified(NOON + SECOND, traits={"a": "2", "d": "2"})],
        SMALL,
    )
    assert state.traits == {"c": "1", "a": "2", "d": "2"}


def test_fifty_interactions_fit_into_two_kilobytes() -> None:
    views = [viewed(f"item-{n}", NOON + n * SECOND) for n in range(40)]
    orders = [bought(f"item-{n}", at=NOON + n * SECOND) for n in range(40, 50)]
    sold = [Item(id=f"item-{n}", category=f"category {n}") for n in range(50)]
    state = customer_who(*views, *orders, entered(at=NOON + 60 * SECOND), reference=shop(items=sold))
    assert len(encode_state(state)) <= 2048


@pytest.mark.parametrize("quantity", [-5, 0])
def test_a_nonsensical_quantity_counts_as_one(quantity: int) -> None:
    assert customer_who(added("mug", quantity=quantity)).cart == {"mug": 1}
