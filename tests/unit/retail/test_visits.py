from hypothesis import given
from hypothesis import strategies as st

from retail.customers import EMPTY, CustomerState, Visit
from retail.decisions import Occasion
from retail.events import Event
from retail.journey import advance
from retail.offers import Trigger
from tests.shop import (
    BAKERY_BEACON,
    DAIRY_BEACON,
    DOOR_BEACON,
    JOURNEY,
    MINUTE,
    NEW_YORK_BEACON,
    NOON,
    SECOND,
    added,
    bought,
    customer_who,
    entered,
    exited,
    shop,
    sighted,
    viewed,
)
from tests.unit.retail.floor import any_event

SHOP = shop()


def occasions(*events: Event) -> list[Occasion | None]:
    state, found = EMPTY, []
    for event in events:
        advanced = advance(state, event, SHOP, JOURNEY)
        assert not advanced.rejected
        state = advanced.state
        found.append(advanced.occasion)
    return found


def visit_of(state: CustomerState) -> Visit:
    assert state.visit is not None
    return state.visit


def test_entering_a_store_begins_a_visit() -> None:
    assert visit_of(customer_who(entered("madrid"))) == Visit(f"madrid:{NOON}", "madrid", "", NOON, NOON)


def test_entering_a_store_is_an_occasion() -> None:
    (found,) = occasions(entered("madrid"))
    visit = f"madrid:{NOON}"
    assert found == Occasion(id=visit, trigger=Trigger.STORE_ENTERED, visit=visit, store="madrid", zone="", at=NOON)


def test_a_new_zone_is_an_occasion_of_its_own() -> None:
    _, dairy, bakery = occasions(
        entered("madrid"), entered("madrid", NOON + MINUTE, zone="dairy"), sighted(BAKERY_BEACON, NOON + 2 * MINUTE)
    )
    assert dairy is not None
    assert bakery is not None
    assert (dairy.id, dairy.trigger) == (f"madrid:{NOON}/dairy", Trigger.ZONE_ENTERED)
    assert (bakery.id, bakery.zone) == (f"madrid:{NOON}/bakery", "bakery")


def test_more_sightings_in_the_same_zone_are_no_occasion() -> None:
    assert occasions(sighted(), sighted(at=NOON + 5 * SECOND), sighted(at=NOON + 10 * SECOND))[1:] == [None, None]


def test_who_is_seen_in_a_zone_first_has_entered_the_store_through_it() -> None:
    (found,) = occasions(sighted(DAIRY_BEACON))
    assert found is not None
    assert (found.id, found.trigger) == (f"madrid:{NOON}/dairy", Trigger.ZONE_ENTERED)


def test_a_beacon_at_the_door_marks_no_zone() -> None:
    (found,) = occasions(sighted(DOOR_BEACON))
    assert found is not None
    assert found.trigger is Trigger.STORE_ENTERED


def test_leaving_the_store_ends_the_visit() -> None:
    state = customer_who(entered("madrid"), exited("madrid", NOON + MINUTE))
    assert (state.visit, state.left_at) == (None, NOON + MINUTE)


def test_leaving_a_store_one_is_not_in_changes_nothing() -> None:
    assert visit_of(customer_who(entered("madrid"), exited("new-york", NOON + MINUTE))).store == "madrid"


def test_another_store_begins_another_visit() -> None:
    state = customer_who(entered("madrid"), sighted(NEW_YORK_BEACON, NOON + MINUTE))
    assert visit_of(state).id == f"new-york:{NOON + MINUTE}"


def test_silence_ends_a_visit_whatever_is_heard_next() -> None:
    quiet = NOON + JOURNEY.visit_gap_ms
    assert customer_who(entered("madrid"), viewed("mug", quiet)).visit is not None
    assert customer_who(entered("madrid"), viewed("mug", quiet + 1)).visit is None


def test_coming_back_after_silence_is_a_new_visit_and_a_new_occasion() -> None:
    again = NOON + JOURNEY.visit_gap_ms + 1
    _, back = occasions(entered("madrid"), entered("madrid", again))
    assert back is not None
    assert back.id == f"madrid:{again}"


def test_a_dead_spot_does_not_end_a_visit() -> None:
    state = customer_who(sighted(), sighted(at=NOON + 10 * MINUTE), sighted(at=NOON + 20 * MINUTE))
    assert visit_of(state).started == NOON


def test_paying_in_the_store_keeps_the_visit_alive() -> None:
    paid = NOON + 10 * MINUTE
    state = customer_who(entered("madrid"), bought("milk", at=paid, store="madrid"), viewed("mug", NOON + 20 * MINUTE))
    assert visit_of(state).last == paid


def test_a_purchase_alone_begins_no_visit() -> None:
    assert customer_who(bought("milk", store="madrid")).visit is None


def test_leaving_a_zone_leaves_the_store_entered() -> None:
    state = customer_who(entered("madrid", zone="dairy"), exited("madrid", NOON + SECOND, zone="dairy"))
    assert (visit_of(state).store, visit_of(state).zone) == ("madrid", "")


def test_a_zone_that_was_left_and_entered_again_is_the_same_occasion() -> None:
    first, _, again = occasions(
        entered("madrid", zone="dairy"),
        exited("madrid", NOON + SECOND, zone="dairy"),
        entered("madrid", NOON + 2 * SECOND, zone="dairy"),
    )
    assert first is not None
    assert again is not None
    assert first.id == again.id


def test_a_sighting_that_arrives_late_never_reopens_a_visit() -> None:
    left = customer_who(entered("madrid"), exited("madrid", NOON + MINUTE))
    late = advance(left, sighted(at=NOON + 30 * SECOND, late=40 * SECOND), SHOP, JOURNEY)
    assert (late.state.visit, late.occasion) == (None, None)


def test_a_sighting_that_was_long_under_way_is_no_occasion() -> None:
    assert occasions(sighted(late=JOURNEY.late_ms + 1)) == [None]
    assert occasions(sighted(late=JOURNEY.late_ms)) != [None]


def test_what_arrives_late_still_becomes_history() -> None:
    state = customer_who(entered("madrid"), viewed("mug", NOON - MINUTE, late=10 * MINUTE))
    assert len(state.history) == 16
    assert visit_of(state).last == NOON


@given(st.lists(any_event, max_size=20))
def test_a_visit_never_ends_before_it_began(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        state = advance(state, event, SHOP, JOURNEY).state
        if state.visit is not None:
            assert state.visit.started <= state.visit.last


@given(st.lists(any_event, max_size=20))
def test_visits_go_forward_in_time(events: list[Event]) -> None:
    """No visit begins before the one before it ended."""
    state, ended = EMPTY, 0
    for event in events:
        before, state = state.visit, advance(state, event, SHOP, JOURNEY).state
        if before is not None and (state.visit is None or state.visit.id != before.id):
            ended = before.last
        if state.visit is not None:
            assert state.visit.started >= ended


def test_an_app_event_does_not_prolong_a_visit() -> None:
    assert visit_of(customer_who(entered("madrid"), added("mug", NOON + MINUTE))).last == NOON
