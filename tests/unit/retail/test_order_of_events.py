"""What each fold promises about events that come late, out of order or again: docs/order-of-events.md."""

from collections.abc import Callable, Sequence
from typing import cast

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from retail.customers import EMPTY, CustomerState, SentPush
from retail.events import DeliveryReported, DeliveryStatus, Event, OrderCompleted, ProductAdded
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.pushes import _RANK
from tests.shop import DAY, HOUR, JOURNEY, MINUTE, NOON, SECOND, added, bought, common, entered, identified, shop
from tests.unit.retail.floor import any_event, any_event_again, kinds

SHOP = shop()
WIDE = JourneyPolicy(
    history=1000, habits=1000, cart_lines=1000, traits=1000, purposes=1000, message_limit=1000, cases=1000
)
"""Whatever a bound pushes out depends on the order; apart from bounds, these properties hold."""


def lived(events: Sequence[Event], start: CustomerState = EMPTY, policy: JourneyPolicy = WIDE) -> CustomerState:
    state = start
    for event in events:
        state = advance(state, event, SHOP, policy).state
    return state


def at_their_own_second(drawn: Sequence[tuple[Event, int]]) -> list[Event]:
    """The events, each at another second, on time."""
    return [
        msgspec.structs.replace(event, at=NOON + second * SECOND, received=NOON + second * SECOND)
        for event, second in drawn
    ]


def seconds(events: st.SearchStrategy[Event], most: int = 8) -> st.SearchStrategy[list[Event]]:
    drawn = st.lists(st.tuples(events, st.integers(0, 7200)), max_size=most, unique_by=lambda one: one[1])
    return drawn.map(at_their_own_second)


def in_any_order(events: st.SearchStrategy[list[Event]]) -> st.SearchStrategy[tuple[list[Event], list[Event]]]:
    return events.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some)))


Seen = Callable[[CustomerState], object]


def same(orders: tuple[list[Event], list[Event]], seen: Seen) -> bool:
    one, other = map(lived, orders)
    return seen(one) == seen(other)


# --- in any order the same --------------------------------------------------------------------------------------


@given(in_any_order(seconds(any_event)))
def test_history_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: state.history)


@given(in_any_order(seconds(any_event)))
def test_orders_and_the_newest_purchase_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: (state.orders, state.bought_at))


@given(in_any_order(seconds(any_event, most=12)))
def test_the_stage_reached_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: state.stage)


@given(in_any_order(seconds(any_event)))
def test_consents_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: (sorted(state.consents.items()), sorted(state.consented_at.items())))


@given(in_any_order(seconds(any_event)))
def test_version_and_newest_time_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: (state.version, state.last))


@given(in_any_order(seconds(any_event, most=12)))
def test_what_the_service_channel_tells_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: state.care)


STATUSES = st.sampled_from(DeliveryStatus)


@given(st.lists(STATUSES, max_size=6).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_what_became_of_a_push_in_any_order_the_same(
    orders: tuple[list[DeliveryStatus], list[DeliveryStatus]],
) -> None:
    """Of its reports the one that says most."""
    start = CustomerState(pushes=(SentPush("push", "offer", "", NOON, DeliveryStatus.SENT, NOON),))
    ended: set[DeliveryStatus] = set()
    for statuses in orders:
        reports = [DeliveryReported(decision="push", offer="offer", status=status, **common()) for status in statuses]
        [push] = lived(reports, start).pushes
        ended.add(push.status)
    assert ended == {max(orders[0], key=_RANK.__getitem__, default=DeliveryStatus.SENT)}


cart_items = st.sampled_from(["mug", "lamp", "milk"])
additions = cart_items.map(lambda item: cast(Event, added(item)))
purchases = st.lists(cart_items, min_size=1, max_size=2, unique=True).map(lambda some: cast(Event, bought(*some)))


@given(in_any_order(seconds(additions)))
def test_additions_in_any_order_add_up_to_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    assert same(orders, lambda state: sorted(state.cart.items()))


@given(in_any_order(seconds(additions | purchases)))
def test_which_items_are_in_the_cart_in_any_order_the_same(orders: tuple[list[Event], list[Event]]) -> None:
    """Of an item's additions and purchases the latest counts; how many units are left may depend on the order."""
    assert same(orders, lambda state: set(state.cart))
    newest: dict[str, Event] = {}
    for event in sorted(orders[0], key=lambda one: one.at):
        items = [line.item for line in event.lines] if isinstance(event, OrderCompleted) else []
        for item in [event.item] if isinstance(event, ProductAdded) else items:
            newest[item] = event
    assert set(lived(orders[1]).cart) == {item for item, event in newest.items() if isinstance(event, ProductAdded)}


@given(in_any_order(seconds(any_event)))
def test_when_the_cart_was_changed_never_goes_back(orders: tuple[list[Event], list[Event]]) -> None:
    state = EMPTY
    for event in orders[1]:
        after = advance(state, event, SHOP, WIDE).state
        assert after.cart_changed >= state.cart_changed
        assert after.cart_changed in (state.cart_changed, event.at)
        state = after


@given(
    st.lists(st.integers(0, JOURNEY.session_gap_ms), min_size=1, max_size=8).flatmap(
        lambda some: st.tuples(st.just(some), st.permutations(some))
    )
)
def test_a_session_within_one_gap_in_any_order_the_same(orders: tuple[list[int], list[int]]) -> None:
    one, other = (lived([added("mug", NOON + at) for at in times]).session for times in orders)
    assert one == other


# --- what is late ------------------------------------------------------------------------------------------------

in_store = st.one_of(kinds(st.uuids().map(str))[4:10])
"""Purchases, and everything that has to do with a store."""


@given(seconds(in_store, most=5), in_store, st.integers(0, 2 * DAY), st.integers(1, DAY))
def test_an_event_that_was_long_under_way_opens_moves_and_closes_no_visit(
    past: list[Event], late: Event, before: int, under_way: int
) -> None:
    """But that its time has come says that nothing was heard for so long."""
    state = lived(past)
    at = state.last - before
    late = msgspec.structs.replace(late, at=at, received=at + JOURNEY.late_ms + under_way)
    advanced = advance(state, late, SHOP, WIDE)
    assume(not advanced.rejected)
    assert advanced.occasion is None
    if state.visit is not None and at - state.visit.last > WIDE.visit_gap_ms:
        assert (advanced.state.visit, advanced.state.left_at) == (None, state.visit.last)
    else:
        assert (advanced.state.visit, advanced.state.left_at) == (state.visit, state.left_at)


@given(seconds(in_store, most=5), in_store, st.integers(1, 2 * HOUR))
def test_an_event_of_before_the_last_sign_of_presence_changes_nothing_of_the_visit(
    past: list[Event], old: Event, before: int
) -> None:
    state = lived(past)
    newest = state.visit.last if state.visit is not None else state.left_at
    assume(newest)
    old = msgspec.structs.replace(old, at=newest - before, received=newest - before)
    advanced = advance(state, old, SHOP, WIDE)
    assert (advanced.state.visit, advanced.state.left_at) == (state.visit, state.left_at)
    assert advanced.occasion is None


@given(st.lists(any_event, max_size=10), any_event, st.integers(1, DAY))
def test_an_event_of_a_session_long_past_changes_nothing_of_the_session(
    past: list[Event], old: Event, before: int
) -> None:
    state = lived(past)
    assume(state.session is not None and state.session.started)
    assert state.session is not None
    old = msgspec.structs.replace(old, at=state.session.started - JOURNEY.session_gap_ms - before)
    assert lived([old], state).session == state.session


# --- in order of arrival, and again -------------------------------------------------------------------------------

traits = st.dictionaries(st.sampled_from("abc"), st.sampled_from("123"), max_size=3)


@given(st.lists(st.tuples(traits, st.integers(0, DAY)), max_size=6))
def test_of_a_trait_what_arrived_last_counts(declared: list[tuple[dict[str, str], int]]) -> None:
    state = lived([identified(NOON + at, said) for said, at in declared])
    expected: dict[str, str] = {}
    for said, _ in declared:
        expected.update(said)
    assert state.traits == expected


@given(st.lists(any_event_again, max_size=8), st.data())
def test_an_event_that_comes_again_changes_nothing_wherever_it_comes(events: list[Event], data: st.DataObject) -> None:
    state = EMPTY
    for number, event in enumerate(events):
        state = advance(state, event, SHOP, WIDE).state
        again = data.draw(st.sampled_from(events[: number + 1]))
        assert advance(state, again, SHOP, WIDE).state == state


@given(seconds(any_event))
def test_no_clock_but_that_of_the_events_decides(events: list[Event]) -> None:
    """The same events a year later give the same state, a year later."""
    year = 365 * DAY
    later = [msgspec.structs.replace(event, at=event.at + year, received=event.received + year) for event in events]
    one, other = lived(events), lived(later)
    assert (one.cart, one.orders, one.stage, one.consents) == (other.cart, other.orders, other.stage, other.consents)
    assert {kind: due + year for kind, due in one.timers.items()} == other.timers
    assert (one.visit is None) == (other.visit is None)


def test_a_store_entered_in_the_past_is_no_visit_even_where_nothing_was_known() -> None:
    assert lived([entered(at=NOON - HOUR, late=6 * MINUTE)]).visit is None
