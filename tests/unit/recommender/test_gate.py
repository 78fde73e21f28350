from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.gate import Contact, gate, quiet_until, regate
from recommender.policy import GatePolicy
from recommender.promote import PromotionQuery, promote
from retail.customers import EMPTY, CustomerState, SentPush
from retail.decisions import Push, Reason
from retail.events import ComplaintFiled, ComplaintResolved, DeliveryStatus
from retail.household import NOBODY, Declared, household_after
from retail.journey import remember
from retail.reference import Reference
from retail.stores import Store
from tests.shop import (
    ANA,
    DAY,
    GATE,
    HOUR,
    JOURNEY,
    MINUTE,
    NOON,
    SECOND,
    bought,
    common,
    consented,
    customer_who,
    entered,
    identified,
    occasion,
    offer,
    reported,
    shop,
)

SHOP = shop()
WILLING = customer_who(consented(NOON - DAY))


def reason(
    state: CustomerState = WILLING,
    at: int = NOON,
    store: str = "madrid",
    policy: GatePolicy = GATE,
    reference: Reference = SHOP,
) -> Reason | None:
    return gate(Contact(state, "this-decision", f"{store}:{at}", store, at), policy, reference)


def push_at(
    state: CustomerState, at: int, store: str = "madrid", reference: Reference = SHOP
) -> tuple[CustomerState, Push]:
    decision = promote(PromotionQuery(customer=ANA, state=state, occasion=occasion(store, at=at)), reference, GATE)
    assert isinstance(decision, Push), decision
    return remember(state, decision, JOURNEY), decision


def pushed(*times: int) -> CustomerState:
    state = WILLING
    for at in times:
        state, _ = push_at(state, at)
    return state


def test_a_willing_customer_may_be_contacted_at_noon() -> None:
    assert reason() is None


# --- consent ----------------------------------------------------------------------------------------------------


def test_no_contact_without_consent() -> None:
    assert reason(EMPTY) is Reason.NO_CONSENT


def test_no_contact_after_consent_was_withdrawn() -> None:
    assert reason(customer_who(consented(NOON, granted=False), start=WILLING)) is Reason.NO_CONSENT


def test_consent_to_something_else_is_no_consent_to_a_push() -> None:
    assert reason(customer_who(consented(purpose="analytics"))) is Reason.NO_CONSENT


# --- quiet hours ------------------------------------------------------------------------------------------------


def test_quiet_hours_are_those_of_the_store() -> None:
    """NOON is 13:00 in Madrid and 07:00 in New York."""
    assert reason(store="madrid") is None
    assert reason(store="new-york") is Reason.QUIET_HOURS


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [(8.99, False), (9, True), (11, True), (12, True), (18.99, True), (19, False)],
)
def test_no_push_during_quiet_hours_across_midnight(hours: float, quiet: bool) -> None:
    """Quiet from 22:00 to 8:00 in Madrid."""
    assert (reason(at=NOON + int(hours * HOUR)) is Reason.QUIET_HOURS) == quiet


def test_quiet_hours_within_a_day() -> None:
    siesta = GatePolicy(quiet_from=time(13), quiet_until=time(16))
    assert reason(policy=siesta) is Reason.QUIET_HOURS
    assert reason(at=NOON - SECOND, policy=siesta) is None
    assert reason(at=NOON + 3 * HOUR, policy=siesta) is None


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert reason(at=NOON + 12 * HOUR, policy=GatePolicy(quiet_from=time(0), quiet_until=time(0))) is None


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (1_774_742_400_000 - SECOND, True),  # 29 March 2026, 00:59:59 in Madrid, an hour before the clocks go forward
        (1_774_764_000_000 - SECOND, True),  # 07:59:59 in summer time, 6:59:59 by the winter's clock
        (1_774_764_000_000, False),  # 08:00 in summer time, 7:00 by the winter's clock
        (1_792_911_600_000 - SECOND, True),  # 25 October 2026, 07:59:59 in winter time
        (1_792_911_600_000, False),
    ],
)
def test_quiet_hours_follow_the_clocks_on_the_wall_when_they_change(at: int, quiet: bool) -> None:
    assert (reason(at=at) is Reason.QUIET_HOURS) == quiet


def test_a_store_that_is_not_known_has_no_local_time() -> None:
    assert reason(store="atlantis") is Reason.UNKNOWN_STORE


@pytest.mark.parametrize("time_zone", ["Mars/Olympus_Mons", "", "../../etc/passwd", "Europe", "\x00"])
def test_a_store_in_no_real_time_zone_fails_closed(time_zone: str) -> None:
    nowhere = shop(stores=[Store(id="madrid", name="Madrid", time_zone=time_zone)])
    assert reason(reference=nowhere) is Reason.UNKNOWN_STORE


@given(st.integers(NOON, NOON + 400 * DAY))
def test_nobody_is_ever_contacted_in_the_stores_night(at: int) -> None:
    local = datetime.fromtimestamp(at / 1000, ZoneInfo("Europe/Madrid")).hour
    assert (reason(at=at) is Reason.QUIET_HOURS) == (local >= 22 or local < 8)


# --- pushes before ----------------------------------------------------------------------------------------------


def test_one_push_per_visit() -> None:
    contact = Contact(pushed(NOON), "another-decision", f"madrid:{NOON}", "madrid", NOON + MINUTE)
    assert gate(contact, GATE, SHOP) is Reason.ALREADY_SENT


@pytest.mark.parametrize("status", [DeliveryStatus.WITHHELD, DeliveryStatus.FAILED])
def test_a_push_that_never_arrived_does_not_count(status: DeliveryStatus) -> None:
    state, push = push_at(WILLING, NOON)
    state = customer_who(reported(push, status, NOON + SECOND), start=state)
    contact = Contact(state, "another-decision", f"madrid:{NOON}", "madrid", NOON + MINUTE)
    assert gate(contact, GatePolicy(cap=1), SHOP) is None


def test_no_more_pushes_than_the_cap_in_a_rolling_window() -> None:
    three = pushed(NOON, NOON + HOUR, NOON + 2 * HOUR)
    assert reason(three, NOON + 3 * HOUR) is Reason.CAPPED
    assert reason(three, NOON + DAY - 1) is Reason.CAPPED
    assert reason(three, NOON + DAY) is None


def test_silence_after_a_push_was_dismissed() -> None:
    state, push = push_at(WILLING, NOON)
    waved_away = customer_who(reported(push, DeliveryStatus.DISMISSED, NOON + HOUR), start=state)
    assert reason(waved_away, NOON + 5 * HOUR - 1) is Reason.DISMISSED
    assert reason(waved_away, NOON + 5 * HOUR) is None


def test_silence_after_a_purchase() -> None:
    buyer = customer_who(bought("milk"), start=WILLING)
    assert reason(buyer, NOON + 30 * MINUTE - 1) is Reason.JUST_BOUGHT
    assert reason(buyer, NOON + 30 * MINUTE) is None


def complaint(at: int = NOON) -> ComplaintFiled:
    return ComplaintFiled(case="c-1", **common(at=at))


def test_who_complains_gets_no_promotions_until_the_complaint_is_settled() -> None:
    upset = customer_who(complaint(), start=WILLING)
    assert reason(upset, NOON + MINUTE) is Reason.OPEN_COMPLAINT
    settled = ComplaintResolved(case="c-1", **common(at=NOON + MINUTE))
    assert reason(customer_who(settled, start=upset), NOON + MINUTE) is None


def test_a_complaint_that_nobody_closed_does_not_silence_us_for_ever() -> None:
    upset = customer_who(complaint(NOON - 30 * DAY + 1), start=WILLING)
    assert reason(upset, NOON) is Reason.OPEN_COMPLAINT
    assert reason(upset, NOON + 1) is None


# --- again, when sending ----------------------------------------------------------------------------------------


def again(state: CustomerState, push: Push, now: int = NOON + SECOND, reference: Reference = SHOP) -> Reason | None:
    return regate(push, state, reference, GATE, now)


def test_a_push_that_was_decided_is_not_held_against_itself() -> None:
    state, push = push_at(pushed(NOON - 2 * HOUR, NOON - HOUR), NOON)
    assert again(state, push) is None


def test_a_push_is_not_sent_once_consent_is_withdrawn() -> None:
    state, push = push_at(WILLING, NOON)
    assert again(customer_who(consented(NOON + 1, granted=False), start=state), push) is Reason.NO_CONSENT


def test_a_push_about_an_item_that_was_recalled_meanwhile_is_not_sent() -> None:
    reference = shop(offers=[offer("snack", items=frozenset({"bread"}))])
    state, push = push_at(WILLING, NOON, reference=reference)
    assert regate(push, state, reference, GATE, NOON + SECOND) is None
    reference.put_item("bread", msgspec.structs.replace(reference.items["bread"], recalled=True))
    assert regate(push, state, reference, GATE, NOON + SECOND) is Reason.NO_ELIGIBLE_OFFER


def test_a_push_is_not_sent_once_an_allergen_is_declared_that_its_item_may_hold() -> None:
    reference = shop(offers=[offer("snack", items=frozenset({"bread"}))])
    state, push = push_at(WILLING, NOON, reference=reference)
    allergic = msgspec.structs.replace(state, household=household_after(NOBODY, Declared(allergens=("milk",)), NOON))
    assert regate(push, allergic, reference, GATE, NOON + SECOND) is Reason.NO_ELIGIBLE_OFFER


def test_a_push_is_not_sent_once_it_is_stale() -> None:
    state, push = push_at(WILLING, NOON)
    assert again(state, push, push.expires - 1) is None
    assert again(state, push, push.expires) is Reason.EXPIRED


def test_a_push_is_not_sent_when_quiet_hours_have_begun() -> None:
    state, push = push_at(WILLING, NOON + 9 * HOUR - MINUTE)
    assert again(state, push, NOON + 9 * HOUR) is Reason.QUIET_HOURS


def test_a_push_is_not_sent_once_something_was_bought() -> None:
    state, push = push_at(WILLING, NOON)
    assert again(customer_who(bought("milk"), start=state), push) is Reason.JUST_BOUGHT


def test_a_push_is_not_sent_once_another_was_dismissed() -> None:
    state, first = push_at(WILLING, NOON)
    state, second = push_at(state, NOON + HOUR)
    state = customer_who(reported(first, DeliveryStatus.DISMISSED, NOON + HOUR), start=state)
    assert again(state, second, NOON + HOUR + SECOND) is Reason.DISMISSED


def test_a_push_is_not_sent_for_an_offer_that_was_withdrawn() -> None:
    state, push = push_at(WILLING, NOON)
    assert again(state, push, reference=shop(offers=())) is Reason.NO_ELIGIBLE_OFFER
    assert again(state, push, reference=shop(offers=[offer(push.offer, live=False)])) is Reason.NO_ELIGIBLE_OFFER


def test_a_push_is_not_sent_without_the_consent_its_offer_needs() -> None:
    state, push = push_at(WILLING, NOON)
    personal = shop(offers=[offer(push.offer, purpose="personalization")])
    assert again(state, push, reference=personal) is Reason.NO_CONSENT


# --- who is in no store -------------------------------------------------------------------------------------------


def at_home(state: CustomerState, at: int = NOON) -> Contact:
    return Contact(state, "this-decision", "", "", at)


def living_in(zone: str, trait: str = "timezone") -> CustomerState:
    return customer_who(identified(NOON - DAY, {trait: zone}), start=WILLING)


@pytest.mark.parametrize("trait", ["timezone", "time_zone"])
@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Tokyo", None), ("Australia/Sydney", Reason.QUIET_HOURS)], ids=["at nine", "at eleven"]
)
def test_quiet_hours_at_home_are_those_of_the_declared_time_zone(
    trait: str, zone: str, expected: Reason | None
) -> None:
    assert gate(at_home(living_in(zone, trait)), GATE, SHOP) is expected


def test_without_a_declared_time_zone_that_of_the_store_visited_last_counts() -> None:
    visitor = customer_who(entered("new-york", NOON - DAY), start=WILLING)
    assert gate(at_home(visitor, NOON), GATE, SHOP) is Reason.QUIET_HOURS
    assert gate(at_home(visitor, NOON + 2 * HOUR), GATE, SHOP) is None


@pytest.mark.parametrize("zone", ["", "Atlantis", "../../etc/passwd", "America", "/etc/localtime", "\x00"])
def test_where_no_local_time_is_known_nobody_is_contacted(zone: str) -> None:
    assert gate(at_home(living_in(zone)), GATE, SHOP) is Reason.UNKNOWN_TIME_ZONE


def test_contacts_at_home_do_not_count_as_one_visit() -> None:
    sent = SentPush("other-decision", "offer", "", NOON - HOUR, DeliveryStatus.SENT)
    state = msgspec.structs.replace(living_in("Europe/Madrid"), pushes=(sent,))
    assert gate(at_home(state), GATE, SHOP) is None


@given(
    st.integers(NOON, NOON + 400 * DAY), st.sampled_from(["Europe/Madrid", "America/New_York", "Australia/Lord_Howe"])
)
def test_after_the_end_of_the_quiet_hours_it_is_not_quiet(at: int, zone: str) -> None:
    contact = at_home(living_in(zone), at)
    if gate(contact, GATE, SHOP) is not Reason.QUIET_HOURS:
        return
    until = quiet_until(contact, GATE, SHOP)
    assert at < until <= at + 11 * HOUR
    assert gate(contact._replace(at=until), GATE, SHOP) is None
    assert gate(contact._replace(at=until - MINUTE), GATE, SHOP) is Reason.QUIET_HOURS
