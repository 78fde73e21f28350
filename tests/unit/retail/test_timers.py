"""Timers fire through the same fold as every event: once, and with the same end whoever comes first."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.customers import EMPTY, CustomerState
from retail.events import Event
from retail.journey import Advanced, advance
from retail.offers import Trigger
from retail.timers import CART_ABANDONED, VISIT_END, earliest
from tests.shop import (
    DAIRY_BEACON,
    HOUR,
    JOURNEY,
    MINUTE,
    NOON,
    added,
    bought,
    customer_who,
    entered,
    exited,
    removed,
    shop,
    sighted,
    timer,
    viewed,
)
from tests.unit.retail.floor import any_event, kinds

SHOP = shop()
GAP, LATE, CART = JOURNEY.visit_gap_ms, JOURNEY.late_ms, JOURNEY.abandoned_cart_ms
END = GAP + LATE + 1
"""From the last sign of presence to the moment when nobody can say any more that the visit went on."""


def lived(events: list[Event]) -> CustomerState:
    state = EMPTY
    for event in events:
        state = advance(state, event, SHOP, JOURNEY).state
    return state


def fired(state: CustomerState, at: int, late: int = 0) -> Advanced:
    return advance(state, timer(at, late=late), SHOP, JOURNEY)


def after_all_timers(state: CustomerState) -> CustomerState:
    while state.timers:
        state = fired(state, earliest(state.timers)).state
    return state


# --- the visit ---------------------------------------------------------------------------------------------------


def test_a_visit_without_an_exit_ends_with_its_last_sign_of_presence() -> None:
    inside = customer_who(entered(at=NOON), sighted(at=NOON + MINUTE))

    gone = after_all_timers(inside)

    assert (gone.visit, gone.left_at, gone.timers) == (None, NOON + MINUTE, {})


def test_sightings_do_not_move_the_timer_and_it_waits_for_who_is_still_there() -> None:
    inside = customer_who(entered(at=NOON), sighted(at=NOON + 10 * MINUTE))
    assert inside.timers == {VISIT_END: NOON + END}

    again = fired(inside, NOON + END).state

    assert again.visit == inside.visit
    assert again.timers == {VISIT_END: NOON + 10 * MINUTE + END}


def test_who_left_needs_no_timer() -> None:
    assert customer_who(entered(at=NOON), exited(at=NOON + MINUTE)).timers == {}


around_the_end = st.integers(NOON, NOON + 2 * END)
something_else = st.tuples(any_event, st.integers(NOON, NOON + END)).map(lambda drawn: moved(*drawn))
in_store = st.tuples(st.one_of(kinds(st.uuids().map(str))[4:10]), around_the_end).map(lambda drawn: moved(*drawn))
"""Purchases, and everything that has to do with a store."""


def moved(event: Event, at: int, received: int = 0) -> Event:
    return msgspec.structs.replace(event, at=at, received=max(at, received))


@given(st.lists(something_else, max_size=3), in_store, st.integers(0, 3 * HOUR), st.integers(0, HOUR))
def test_a_visit_ends_the_same_way_whether_its_timer_or_the_next_event_comes_first(
    meanwhile: list[Event], following: Event, noticed: int, under_way: int
) -> None:
    """Of events that are received after the timer is due; those received before stand before it in the log."""
    state = advance_all(customer_who(entered(at=NOON)), meanwhile)
    if state.visit is None:
        return
    state = msgspec.structs.replace(state, timers={VISIT_END: state.visit.last + END})
    due = state.timers[VISIT_END]
    following = moved(following, following.at, max(due, following.at) + under_way)
    ring = timer(due, late=noticed)

    one, other = advance_all(state, [ring, following]), advance_all(state, [following, ring])

    assert without_cart(one) == without_cart(other)


def advance_all(state: CustomerState, events: list[Event]) -> CustomerState:
    for event in events:
        state = advance(state, event, SHOP, JOURNEY).state
    return state


def without_cart(state: CustomerState) -> CustomerState:
    timers = {kind: due for kind, due in state.timers.items() if kind != CART_ABANDONED}
    return msgspec.structs.replace(state, timers=timers)


@given(st.lists(any_event, max_size=20))
def test_a_timer_stands_exactly_while_there_is_something_to_end_and_never_too_late(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        state = advance(state, event, SHOP, JOURNEY).state
        assert (VISIT_END in state.timers) == (state.visit is not None)
        if state.visit is not None:
            assert state.timers[VISIT_END] <= state.visit.last + END
        if CART_ABANDONED in state.timers:
            assert state.cart
            assert state.timers[CART_ABANDONED] <= state.cart_changed + CART


# --- the cart ----------------------------------------------------------------------------------------------------


def test_a_cart_left_for_an_hour_is_an_occasion_named_by_its_last_change() -> None:
    left = customer_who(added("mug", NOON), added("lamp", NOON + MINUTE))
    early = fired(left, NOON + CART)
    assert early.occasion is None
    assert early.state.timers == {CART_ABANDONED: NOON + MINUTE + CART}

    occasion = fired(early.state, NOON + MINUTE + CART, late=7).occasion

    assert occasion is not None
    assert (occasion.id, occasion.trigger) == (f"cart:{NOON + MINUTE}", Trigger.CART_ABANDONED)
    assert (occasion.visit, occasion.store, occasion.zone) == ("", "", "")
    assert (occasion.due, occasion.at) == (NOON + MINUTE + CART, NOON + MINUTE + CART + 7)


def test_a_cart_is_reminded_of_once_and_again_only_after_a_change() -> None:
    reminded = fired(customer_who(added("mug", NOON)), NOON + CART).state
    assert reminded.timers == {}
    assert customer_who(viewed("lamp", NOON + 2 * HOUR), entered(at=NOON + 2 * HOUR), start=reminded).timers.keys() == {
        VISIT_END
    }

    changed = customer_who(added("lamp", NOON + 3 * HOUR), start=reminded)

    occasion = fired(changed, NOON + 3 * HOUR + CART).occasion
    assert occasion is not None
    assert occasion.id == f"cart:{NOON + 3 * HOUR}"


@pytest.mark.parametrize("emptying", [bought("mug", at=NOON + MINUTE), removed("mug", NOON + MINUTE)])
def test_an_empty_cart_is_not_abandoned(emptying: Event) -> None:
    assert customer_who(added("mug", NOON), emptying).timers == {}


def test_a_change_that_comes_late_sets_no_timer_for_a_cart_that_was_reminded_of() -> None:
    reminded = fired(customer_who(added("mug", NOON)), NOON + CART).state
    assert customer_who(added("lamp", NOON - MINUTE), start=reminded).timers == {}


def test_a_cart_that_becomes_known_late_is_due_at_once_as_of_its_own_time() -> None:
    state = customer_who(added("mug", NOON, late=5 * HOUR))
    occasion = fired(state, NOON + CART, late=4 * HOUR).occasion
    assert occasion is not None
    assert (occasion.due, occasion.at) == (NOON + CART, NOON + 5 * HOUR)


# --- all of them -------------------------------------------------------------------------------------------------


@given(st.lists(any_event, max_size=12), st.integers(0, 6 * HOUR))
def test_a_timer_that_fires_again_changes_nothing(events: list[Event], late: int) -> None:
    state = lived(events)
    if not state.timers:
        return
    at = earliest(state.timers)
    once = fired(state, at)

    again = fired(once.state, at, late)

    assert not once.duplicate
    assert (again.state, again.duplicate, again.occasion) == (once.state, True, None)


@given(st.lists(any_event, max_size=12))
def test_a_timer_is_no_sign_of_life(events: list[Event]) -> None:
    before = lived(events)
    after = after_all_timers(before)
    kept = {field.name for field in msgspec.structs.fields(CustomerState)} - {"timers", "visit", "left_at"}
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert after.visit is None


@given(st.lists(any_event, max_size=12))
def test_timers_come_to_an_end(events: list[Event]) -> None:
    """Each fires twice at most: once before its time, once for good."""
    state, rounds = lived(events), 0
    while state.timers:
        state, rounds = fired(state, earliest(state.timers)).state, rounds + 1
    assert rounds <= 4


def test_a_timer_that_fired_before_its_time_is_refused() -> None:
    inside = customer_who(entered(at=NOON))
    early = advance(inside, timer(NOON + END, late=-1), SHOP, JOURNEY)
    assert (early.rejected, early.state) == ("early_timer", inside)


def test_a_customer_without_timers_is_never_due() -> None:
    assert earliest({}) == 0
    assert earliest(customer_who(sighted(DAIRY_BEACON), added("mug", NOON)).timers) == NOON + END
