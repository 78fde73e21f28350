from hypothesis import given
from hypothesis import strategies as st

from retail.consents import MARKETING_PUSH, consented
from retail.customers import EMPTY
from tests import shop
from tests.shop import MINUTE, NOON, customer_who, viewed


def test_what_was_never_granted_is_denied() -> None:
    assert not consented(EMPTY, MARKETING_PUSH)


def test_a_grant_can_be_withdrawn() -> None:
    state = customer_who(shop.consented(), shop.consented(NOON + MINUTE, granted=False))
    assert not consented(state, MARKETING_PUSH)


def test_a_withdrawal_stands_although_an_older_grant_arrives_after_it() -> None:
    state = customer_who(shop.consented(NOON + MINUTE, granted=False), shop.consented(NOON))
    assert not consented(state, MARKETING_PUSH)


def test_a_withdrawal_of_one_purpose_leaves_the_others() -> None:
    state = customer_who(
        viewed(consents={MARKETING_PUSH: True, "analytics": True}), viewed(at=NOON + 1, consents={"analytics": False})
    )
    assert state.consents == {MARKETING_PUSH: True, "analytics": False}


def test_an_event_that_says_nothing_about_consent_changes_none() -> None:
    assert consented(customer_who(shop.consented(), viewed(at=NOON + 1)), MARKETING_PUSH)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, unique_by=lambda said: said[0]))
def test_the_last_word_counts_in_whichever_order_the_words_arrive(said: list[tuple[int, bool]]) -> None:
    state = customer_who(*(shop.consented(NOON + at, granted=granted) for at, granted in said))
    assert consented(state, MARKETING_PUSH) == max(said)[1]
