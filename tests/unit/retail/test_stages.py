import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.customers import EMPTY, Stage
from retail.events import Event, OrderCompleted
from retail.journey import advance
from retail.stages import RANK
from tests.shop import JOURNEY, NOON, SECOND, added, bought, consented, customer_who, entered, searched, shop, viewed
from tests.unit.retail.floor import any_event


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ([consented()], Stage.NEW),
        ([viewed()], Stage.AWARE),
        ([entered()], Stage.AWARE),
        ([viewed(), viewed()], Stage.AWARE),
        ([viewed(), viewed(), viewed()], Stage.RESEARCHING),
        ([searched()], Stage.RESEARCHING),
        ([added()], Stage.DECIDING),
        ([bought()], Stage.CUSTOMER),
        ([bought(), bought()], Stage.CUSTOMER),
        ([bought(), bought(), bought()], Stage.LOYAL),
    ],
)
def test_a_stage_is_reached_by(events: list[Event], stage: Stage) -> None:
    assert customer_who(*events).stage is stage


def test_a_customer_who_looks_around_stays_a_customer() -> None:
    assert customer_who(bought(), viewed(), searched(), added()).stage is Stage.CUSTOMER


def test_a_stage_remembers_since_when() -> None:
    state = customer_who(
        viewed(), viewed(at=NOON + SECOND), searched(at=NOON + 2 * SECOND), viewed(at=NOON + 3 * SECOND)
    )
    assert state.stage_since == NOON + 2 * SECOND


@given(st.lists(any_event, max_size=20))
def test_a_stage_is_never_lost_and_every_change_is_told(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        advanced = advance(state, event, shop(), JOURNEY)
        assert RANK[advanced.state.stage] >= RANK[state.stage]
        assert (advanced.change is not None) == (advanced.state.stage is not state.stage)
        state = advanced.state


@given(st.lists(any_event, max_size=20))
def test_a_loyal_customer_has_bought_three_times(events: list[Event]) -> None:
    state = EMPTY
    for event in events:
        state = advance(state, event, shop(), JOURNEY).state
    orders = sum(isinstance(event, OrderCompleted) for event in events)
    assert (state.stage is Stage.LOYAL) == (orders >= JOURNEY.loyal_orders)
