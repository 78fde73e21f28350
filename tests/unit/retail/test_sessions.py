from hypothesis import given
from hypothesis import strategies as st

from retail.customers import EMPTY, Session
from retail.events import Channel, DeliveryReported, DeliveryStatus, Event
from retail.journey import advance
from tests.shop import JOURNEY, MINUTE, NOON, common, customer_who, shop, viewed
from tests.unit.retail.floor import any_event

GAP = JOURNEY.session_gap_ms


def session_after(*events: Event) -> Session | None:
    return customer_who(*events).session


def test_events_of_one_channel_without_a_gap_are_one_session() -> None:
    assert session_after(viewed(), viewed(at=NOON + GAP)) == Session(Channel.WEB, NOON, NOON + GAP, 2)


def test_half_an_hour_of_silence_begins_a_new_session() -> None:
    again = NOON + GAP + 1
    assert session_after(viewed(), viewed(at=again)) == Session(Channel.WEB, again, again, 1)


def test_another_channel_begins_a_new_session() -> None:
    other = viewed(at=NOON + MINUTE, channel=Channel.APP)
    assert session_after(viewed(), other) == Session(Channel.APP, NOON + MINUTE, NOON + MINUTE, 1)


def test_an_event_that_comes_late_widens_the_session_it_belongs_to() -> None:
    assert session_after(viewed(), viewed(at=NOON - MINUTE)) == Session(Channel.WEB, NOON - MINUTE, NOON, 2)


def test_an_event_of_a_session_long_past_leaves_the_present_one_alone() -> None:
    assert session_after(viewed(), viewed(at=NOON - 2 * GAP)) == Session(Channel.WEB, NOON, NOON, 1)


def test_what_we_report_ourselves_is_no_sign_of_life() -> None:
    sent = DeliveryReported(decision="d", offer="o", status=DeliveryStatus.SENT, **common())
    opened = DeliveryReported(decision="d", offer="o", status=DeliveryStatus.OPENED, **common())
    assert session_after(sent) is None
    assert session_after(opened) is not None


@given(st.lists(any_event, max_size=20))
def test_a_session_holds_its_own_times(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        state = advance(state, event, shop(), JOURNEY).state
        if state.session is not None:
            assert state.session.started <= state.session.last
            assert 1 <= state.session.events <= state.version
