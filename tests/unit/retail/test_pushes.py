from itertools import permutations

import pytest

from retail.customers import EMPTY, CustomerState
from retail.decisions import Push, Reason, Withheld, decision_id
from retail.events import DeliveryStatus
from retail.journey import remember
from tests.shop import ANA, JOURNEY, MINUTE, NOON, customer_who, reported


def push(occasion: str = "madrid:1", at: int = NOON) -> Push:
    return Push(
        id=decision_id(ANA, occasion),
        customer=ANA,
        occasion=occasion,
        visit=occasion,
        offer="welcome",
        store="madrid",
        zone="",
        at=at,
        expires=at + MINUTE,
        title="",
        body="",
        why="",
    )


def status_after(state: CustomerState, *statuses: DeliveryStatus) -> DeliveryStatus:
    reports = [reported(push(), status, NOON + n) for n, status in enumerate(statuses)]
    return customer_who(*reports, start=state).pushes[0].status


SENT = remember(EMPTY, push(), JOURNEY)


def test_a_push_is_remembered_as_sent() -> None:
    assert [(sent.offer, sent.status, sent.at) for sent in SENT.pushes] == [("welcome", DeliveryStatus.SENT, NOON)]


def test_a_decision_is_remembered_once() -> None:
    assert remember(SENT, push(), JOURNEY) == SENT


def test_a_withheld_push_leaves_no_trace() -> None:
    withheld = Withheld(id="d", customer=ANA, occasion="o", at=NOON, reason=Reason.NO_CONSENT)
    assert remember(SENT, withheld, JOURNEY) is SENT


def test_the_oldest_pushes_are_forgotten() -> None:
    state = EMPTY
    for n in range(JOURNEY.pushes + 5):
        state = remember(state, push(f"madrid:{n}"), JOURNEY)
    assert [sent.visit for sent in state.pushes] == [f"madrid:{n}" for n in range(5, JOURNEY.pushes + 5)]


@pytest.mark.parametrize("status", [s for s in DeliveryStatus if s is not DeliveryStatus.SENT])
def test_a_report_tells_what_became_of_a_push(status: DeliveryStatus) -> None:
    assert status_after(SENT, status) is status


def test_a_push_that_was_sent_is_not_withheld_when_it_is_judged_again() -> None:
    assert status_after(SENT, DeliveryStatus.SENT, DeliveryStatus.WITHHELD) is DeliveryStatus.SENT


def test_a_push_that_was_withheld_first_and_sent_in_the_end_was_sent() -> None:
    assert status_after(SENT, DeliveryStatus.WITHHELD, DeliveryStatus.SENT) is DeliveryStatus.SENT


def test_a_dismissal_remembers_when_it_was() -> None:
    state = customer_who(reported(push(), DeliveryStatus.DISMISSED, NOON + MINUTE), start=SENT)
    assert state.pushes[0].since == NOON + MINUTE


def test_reports_that_overtake_each_other_end_in_the_same_status() -> None:
    told = (DeliveryStatus.SENT, DeliveryStatus.OPENED, DeliveryStatus.REDEEMED)
    assert {status_after(SENT, *order) for order in permutations(told)} == {DeliveryStatus.REDEEMED}


def test_a_report_about_an_unknown_push_changes_nothing_but_is_applied() -> None:
    state = customer_who(reported(push("elsewhere"), DeliveryStatus.DISMISSED), start=SENT)
    assert (state.pushes, state.version) == (SENT.pushes, SENT.version + 1)
