"""Two profiles of one customer come to one state, whichever comes first."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from retail.care import complains_since
from retail.consents import MARKETING_PUSH, strictest
from retail.customers import EMPTY, Care, CustomerState, SentPush, Stage
from retail.events import DeliveryStatus, Event
from retail.habits import all_habits
from retail.history import interactions
from retail.journey import advance
from retail.policy import JourneyPolicy
from retail.union import RULES, union
from tests.shop import DAY, HOUR, MINUTE, NOON, SECOND, added, bought, consented, customer_who, entered, shop, viewed
from tests.unit.retail.floor import any_event

SHOP = shop()
WIDE = JourneyPolicy(history=1000, habits=1000, cart_lines=1000, traits=1000, purposes=1000, message_limit=1000)

at_other_seconds = st.lists(st.tuples(any_event, st.integers(0, 7200)), max_size=6, unique_by=lambda one: one[1])
profiles = at_other_seconds.map(
    lambda drawn: lived(
        [msgspec.structs.replace(e, at=NOON + s * SECOND, received=NOON + s * SECOND) for e, s in drawn]
    )
)


def lived(events: list[Event]) -> CustomerState:
    state = EMPTY
    for event in events:
        state = advance(state, event, SHOP, WIDE).state
    return state


def told(state: CustomerState) -> object:
    """What does not depend on who comes first: repeat counters to a thousandth, interactions within a second anyhow."""
    counted = (state.habits, state.categories)
    habits = [{one.item: (round(one.value, 3), *one[2:]) for one in all_habits(packed)} for packed in counted]
    plain = msgspec.structs.replace(state, habits=b"", categories=b"", history=b"", traits={}, applied=-1)
    return msgspec.to_builtins(plain, order="deterministic"), sorted(interactions(state.history)), habits


def test_every_part_of_a_state_has_its_rule() -> None:
    assert set(RULES) == {field.name for field in msgspec.structs.fields(CustomerState)}


@given(profiles, profiles)
def test_it_does_not_matter_which_of_two_comes_first(one: CustomerState, other: CustomerState) -> None:
    assert told(union(one, other, WIDE)) == told(union(other, one, WIDE))


@given(profiles)
def test_a_profile_of_nothing_adds_nothing(one: CustomerState) -> None:
    assert told(union(one, EMPTY, WIDE)) == told(union(union(one, EMPTY, WIDE), EMPTY, WIDE))
    assert union(one, EMPTY, WIDE).version == one.version


def test_purchases_and_interactions_add_up() -> None:
    site = customer_who(viewed("mug"), added("mug", NOON + SECOND))
    till = customer_who(bought("milk", at=NOON + DAY), bought("bread", at=NOON + 2 * DAY), bought(at=NOON + 3 * DAY))
    both = union(site, till, JourneyPolicy())
    assert (both.orders, both.stage, len(both.history) // 16) == (3, Stage.LOYAL, 5)


def test_what_was_bought_at_the_till_is_in_no_cart_any_more() -> None:
    site = customer_who(added("mug"), added("lamp", NOON + SECOND))
    till = customer_who(bought("mug", at=NOON + HOUR))
    assert union(site, till, WIDE).cart == {"lamp": 1}
    assert union(customer_who(added("mug", NOON + DAY)), till, WIDE).cart == {"mug": 1}


def test_three_views_of_two_devices_are_research() -> None:
    phone, laptop = customer_who(viewed(), viewed("lamp", NOON + SECOND)), customer_who(viewed("milk", NOON + MINUTE))
    assert union(phone, laptop, WIDE).stage is Stage.RESEARCHING


def test_whoever_denied_under_one_identifier_denied() -> None:
    granted, denied = customer_who(consented(NOON + DAY)), customer_who(consented(granted=False))
    assert union(granted, denied, WIDE).consents == {MARKETING_PUSH: False}
    assert strictest([({"p": True}, {"p": 1}), ({}, {}), ({"p": True}, {"p": 3})]) == ({"p": True}, {"p": 3})


def test_of_contacts_each_counts_once_with_what_says_most_of_it() -> None:
    sent = SentPush("d", "welcome", "v", NOON, DeliveryStatus.SENT, NOON)
    opened = msgspec.structs.replace(sent, status=DeliveryStatus.OPENED, told=True)
    other = msgspec.structs.replace(sent, decision="e", at=NOON + 1)
    one, two = CustomerState(pushes=(sent,)), CustomerState(pushes=(opened, other))
    assert union(one, two, WIDE).pushes == union(two, one, WIDE).pushes == (opened, other)


def test_the_customer_is_where_they_were_seen_last() -> None:
    phone, card = customer_who(entered("madrid")), customer_who(entered("new-york", NOON + HOUR))
    both = union(phone, card, WIDE)
    assert both.visit is not None
    assert (both.visit.store, both.last_store, both.left_at) == ("new-york", "new-york", NOON)


def test_one_message_under_two_identifiers_is_one() -> None:
    one, other = customer_who(viewed(id="m")), customer_who(viewed(id="m"))
    both = union(one, other, WIDE)
    assert (both.version, len(both.history) // 16) == (1, 1)


def test_what_the_contact_centre_heard_under_two_identifiers_is_known_of_one_customer() -> None:
    phone = CustomerState(care=Care(contacts=1, complaints={"c": NOON}, mood=80, mood_at=NOON, returns=2))
    mail = CustomerState(care=Care(contacts=2, complaints={"c": -NOON - HOUR}, mood=10, mood_at=NOON + 1))
    both = union(phone, mail, WIDE).care
    assert both == union(mail, phone, WIDE).care
    assert (both.contacts, both.returns, both.mood, complains_since(both)) == (3, 2, 10, 0)
