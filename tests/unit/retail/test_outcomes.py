"""What was shown and what became of it is told once, whatever comes twice, late or in another order."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.customers import EMPTY, CustomerState, encode_state
from retail.events import Event
from retail.journey import advance
from retail.outcomes import Kind, Outcome
from retail.policy import JourneyPolicy
from retail.union import union
from tests.shop import (
    DAY,
    HOUR,
    JOURNEY,
    MINUTE,
    NOON,
    added,
    answer,
    bought,
    clicked,
    customer_who,
    listed,
    redeemed,
    shop,
    viewed,
)

SHOP = shop()
Told = set[tuple[str, Kind, str, int]]


def outcomes(*events: Event, start: CustomerState = EMPTY, policy: JourneyPolicy = JOURNEY) -> list[Outcome]:
    state, told = start, list[Outcome]()
    for event in events:
        advanced = advance(state, event, SHOP, policy)
        state = advanced.state
        told += advanced.outcomes
    return told


def flat(told: list[Outcome]) -> list[tuple[str, Kind, str, int]]:
    return [(one.answer, one.kind, placed.item, placed.position) for one in told for placed in one.items]


def kinds(told: list[Outcome]) -> list[Kind]:
    return [one.kind for one in told]


def test_an_impression_tells_the_whole_answer_and_which_of_it_was_seen() -> None:
    shown = answer("mug", "lamp", "bread")
    (told,) = outcomes(listed(shown, "bread", "mug", at=NOON + MINUTE))
    assert told.shown == shown
    assert (told.kind, told.at, told.answered) == (Kind.SEEN, NOON + MINUTE, NOON)
    assert [(placed.item, placed.position) for placed in told.items] == [("mug", 1), ("bread", 3)]


def test_scrolling_on_tells_only_what_came_into_view() -> None:
    shown = answer("mug", "lamp", "bread")
    told = outcomes(listed(shown, "mug"), listed(shown, "mug", "lamp"))
    assert [[placed.item for placed in one.items] for one in told] == [["mug"], ["lamp"]]


def test_an_offer_that_was_shown_and_redeemed_is_joined_with_and_without_the_token() -> None:
    shown = answer("welcome", "cheese-week")
    told = outcomes(listed(shown, "welcome"), clicked("welcome", shown), redeemed("welcome", NOON + HOUR))
    assert flat(told)[-1] == (shown.answer, Kind.REDEEMED, "welcome", 1)
    assert kinds(outcomes(redeemed("cheese-week", shown=shown))) == [Kind.SEEN, Kind.REDEEMED]
    assert outcomes(redeemed("cheese-week")) == []
    assert kinds(outcomes(listed(shown), redeemed("welcome"), redeemed("welcome"))) == [Kind.SEEN, Kind.REDEEMED]


def test_a_click_a_cart_and_an_order_are_joined_to_the_answer() -> None:
    shown = answer()
    told = outcomes(listed(shown), clicked("lamp", shown), added("lamp"), bought("lamp", "milk"))
    assert kinds(told) == [Kind.SEEN, Kind.CLICKED, Kind.ADDED, Kind.BOUGHT]
    assert {placed.position for one in told[1:] for placed in one.items} == {2}


def test_a_second_click_on_the_same_item_is_no_news() -> None:
    shown = answer()
    assert kinds(outcomes(listed(shown), clicked("lamp", shown), clicked("lamp", shown))) == [Kind.SEEN, Kind.CLICKED]


def test_who_clicked_has_seen_also_where_the_impression_was_lost() -> None:
    told = outcomes(clicked("lamp", answer()))
    assert kinds(told) == [Kind.SEEN, Kind.CLICKED]
    assert told[0].shown == answer()


def test_what_was_never_shown_is_nobodys_success() -> None:
    assert outcomes(added("mug"), bought("mug"), viewed("mug")) == []
    assert kinds(outcomes(listed(answer("lamp")), bought("mug"))) == [Kind.SEEN]


def test_a_view_without_a_token_is_no_click() -> None:
    assert kinds(outcomes(listed(answer()), viewed("mug"))) == [Kind.SEEN]


def test_a_sale_goes_to_the_answer_that_was_clicked_rather_than_the_one_seen_last() -> None:
    first, second = answer("mug", number=1), answer("mug", at=NOON + HOUR, number=2)
    later = NOON + HOUR
    told = outcomes(listed(first), clicked("mug", first), listed(second, at=later), bought("mug", at=later))
    assert told[-1].kind is Kind.BOUGHT
    assert told[-1].answer == first.answer


def test_a_sale_without_a_click_goes_to_the_answer_seen_last() -> None:
    first, second = answer("mug", number=1), answer("mug", at=NOON + HOUR, number=2)
    told = outcomes(listed(first), listed(second, at=NOON + HOUR), bought("mug", at=NOON + HOUR))
    assert told[-1].answer == second.answer


def test_a_look_counts_for_a_day_and_a_click_for_a_week() -> None:
    shown = answer("mug", "lamp")
    after_two_days = NOON + 2 * DAY
    told = outcomes(
        listed(shown),
        clicked("lamp", shown),
        bought("mug", "lamp", at=after_two_days),
        bought("lamp", at=NOON + 8 * DAY),
    )
    assert [(one.kind, [placed.item for placed in one.items]) for one in told[2:]] == [(Kind.BOUGHT, ["lamp"])]


def test_an_answer_that_was_pushed_out_does_not_come_back() -> None:
    old = answer("mug", at=NOON, number=1)
    newer = [listed(answer("lamp", at=NOON + n * MINUTE, number=10 + n)) for n in range(1, JOURNEY.answers + 1)]
    told = outcomes(listed(old), *newer, clicked("mug", old, at=NOON + HOUR), listed(old, at=NOON + HOUR))
    assert kinds(told) == [Kind.SEEN] * (1 + len(newer))


def test_a_customer_is_remembered_by_at_most_300_bytes_of_answers() -> None:
    slate = [f"item-{n}" for n in range(100)]
    shown = [answer(*slate[: 10 + n], at=NOON + n, number=n) for n in range(30)]
    state = customer_who(*(listed(one) for one in shown), listed(answer(*slate, at=NOON + 99, number=99)))
    assert 200 < len(state.answers) < 300


def test_who_was_never_shown_anything_costs_two_bytes() -> None:
    assert msgspec.msgpack.decode(encode_state(EMPTY))[-1] == b""


def test_two_profiles_of_one_customer_have_seen_what_either_saw() -> None:
    shown = answer()
    phone, site = customer_who(listed(shown)), customer_who(clicked("lamp", shown))
    both = union(phone, site, JOURNEY)
    assert union(site, phone, JOURNEY).answers == both.answers
    assert outcomes(listed(shown), clicked("lamp", shown), start=both) == []


answers = st.builds(
    lambda number, items: answer(*items, at=NOON + number * MINUTE, number=number),
    st.integers(1, 6),
    st.just(("mug", "lamp", "bread")),
)
items = st.sampled_from(["mug", "lamp", "bread", "milk"])
told_with_token = st.one_of(
    st.builds(lambda shown: listed(shown, at=NOON + HOUR), answers),
    st.builds(lambda item, shown: clicked(item, shown, at=NOON + HOUR), items, answers),
    st.builds(lambda item, shown: msgspec.structs.replace(added(item, at=NOON + HOUR), shown=shown), items, answers),
)


@settings(max_examples=60)
@given(st.data(), st.lists(told_with_token, max_size=10))
def test_in_whatever_order_events_with_tokens_come_the_same_is_told_once(
    data: st.DataObject, events: list[Event]
) -> None:
    wide = JourneyPolicy(answers=10, answer_items=100)
    shuffled = data.draw(st.permutations(events))
    told = flat(outcomes(*events, policy=wide))
    assert len(told) == len(set(told))
    assert set(told) == set(flat(outcomes(*shuffled, policy=wide)))


@settings(max_examples=60)
@given(st.lists(told_with_token, max_size=10))
def test_what_is_told_again_changes_nothing(events: list[Event]) -> None:
    again = [msgspec.structs.replace(event, id=f"again-{n}") for n, event in enumerate(events)]
    told = [one.id for one in outcomes(*events, *events, *again)]
    assert len(told) == len(set(told))
    assert told == [one.id for one in outcomes(*events)]
