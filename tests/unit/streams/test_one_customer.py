"""A customer of several identifiers, through partitions that take turns, letters that are late, and relays that die."""

import random
from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.consents import MARKETING_PUSH, PERSONALIZATION
from retail.correspondence import MergeOrdered, SplitOrdered
from retail.customers import EMPTY, CustomerState, Stage
from retail.events import Channel, Event, HouseholdJoined
from retail.groups import joined
from retail.habits import all_habits
from retail.identifiers import Kind, kind_of, strength
from retail.letters import Act
from retail.links import LINKS, Standing
from streams.microbatch import World
from tests.shop import (
    DAIRY_BEACON,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    added,
    bought,
    common,
    consented,
    customer_who,
    entered,
    exited,
    identified,
    searched,
    shop,
    sighted,
    viewed,
)
from tests.unit.streams.town import Town, live

WORLD = World(shop())

SITE, OTHER_SITE, APP, CARD, MAIL = "anonymous:site", "anonymous:laptop", "anonymous:app", "card:7", "email:ana"

Named = tuple[Event, Sequence[str]]
seeds = st.integers(0, 1 << 32)


def town(seed: int | None = None) -> Town:
    return Town(WORLD, random.Random(seed) if seed is not None else None)


def week() -> list[Named]:
    """Anonymous on the site, at home in the app, a card at the till: one week of one person, three channels."""
    at = (NOON + n * DAY for n in range(7))
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = at
    app: dict[str, Any] = {"channel": Channel.APP}
    return [
        (searched("mug", monday, customer=SITE), ()),
        (viewed("mug", monday + MINUTE, customer=SITE), ()),
        (added("mug", monday + 2 * MINUTE, customer=SITE), ()),
        (consented(monday + 3 * MINUTE, granted=False, customer=OTHER_SITE), ()),
        (viewed("lamp", tuesday, customer=OTHER_SITE), ()),
        (consented(wednesday, customer="ana", **app), (APP,)),
        (viewed("cheese", wednesday + MINUTE, customer="ana", **app), (APP,)),
        (added("lamp", wednesday + 2 * MINUTE, customer="ana", **app), (APP,)),
        (identified(thursday, {"name": "Ana"}, customer="ana"), (SITE, MAIL)),
        (viewed("bread", friday, customer="ana"), (OTHER_SITE,)),
        (viewed("milk", friday + MINUTE, customer=SITE), ()),
        (identified(friday + HOUR, customer="ana", **app), (CARD,)),
        (bought("mug", "milk", at=saturday, customer=CARD, store="madrid", channel=Channel.STORE), ()),
        (viewed("croissant", sunday, customer=APP, **app), ()),
        (bought("cheese", at=sunday + MINUTE, customer=MAIL), ()),
    ]


def known(state: CustomerState) -> object:
    """What every order comes to: docs/order-of-events.md says why the rest may differ."""
    bought = (*all_habits(state.habits), *all_habits(state.categories))
    habits = {one.item: (round(one.value, 3), *one[2:]) for one in bought}
    words = sorted(state.consents.items()), sorted(state.consented_at.items())
    counted = state.version, state.last, state.orders, state.bought_at, state.stage
    return counted, state.history, habits, words, sorted(state.cart.items()), state.traits


WEEK = known(live(town(), week()).state("ana"))


def test_a_week_over_three_channels_is_one_customers() -> None:
    ana = live(town(), week()).state("ana")
    assert (ana.version, ana.orders, ana.stage) == (15, 2, Stage.CUSTOMER)
    assert ana.cart == {"lamp": 1}
    assert ana.consents == {MARKETING_PUSH: False}


@settings(max_examples=150)
@given(st.permutations(week()), seeds)
def test_every_interleaving_of_the_week_gives_the_same_customer(events: list[Named], seed: int) -> None:
    lived = live(town(seed), events)
    assert list(lived.customers()) == ["ana"]
    assert known(lived.state("ana")) == WEEK


def test_late_events_under_an_old_identifier_follow() -> None:
    lived = live(town(), [(viewed("mug", customer="ana"), (SITE,)), (viewed("lamp", customer=SITE, late=DAY), ())])
    assert lived.state("ana").version == 2
    assert lived.customer(SITE) == "ana"


def test_the_login_may_come_before_the_views_or_after() -> None:
    views: list[Named] = [(viewed("mug", customer=SITE), ()), (viewed("lamp", NOON + MINUTE, customer=SITE), ())]
    login: Named = (identified(NOON + HOUR, customer="ana"), (SITE,))
    before, after = live(town(), [login, *views]), live(town(), [*views, login])
    assert known(before.state("ana")) == known(after.state("ana"))


# --- nobody is glued together -------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(seeds)
def test_a_hundred_logins_on_one_kiosk_give_a_hundred_people(seed: int) -> None:
    kiosk = "anonymous:kiosk"
    logins: list[Named] = [(viewed(at=NOON + n * MINUTE, customer=f"user-{n}"), (kiosk,)) for n in range(100)]
    browsing: list[Named] = [(viewed("lamp", NOON + n * MINUTE, customer=kiosk), ()) for n in range(10)]
    lived = live(town(seed), [*logins, *browsing])
    people = lived.customers()
    assert {state.version for name, state in people.items() if name != kiosk} == {1}
    assert (len(people), people[kiosk].version) == (101, 10)


@settings(max_examples=30)
@given(st.permutations(["ana", "bea", "cleo"]), seeds)
def test_a_browser_two_people_log_in_on_is_neither_ones_whatever_the_order(people: list[str], seed: int) -> None:
    events: list[Named] = [(viewed("mug", customer=name), (SITE,)) for name in people]
    lived = live(town(seed), [(viewed("lamp", customer=SITE), ()), *events])
    assert {name: state.version for name, state in lived.customers().items()} == dict.fromkeys([*people, SITE], 1)


@settings(max_examples=30)
@given(st.permutations([("ana", NOON), ("bea", NOON + DAY), ("cleo", NOON + 2 * DAY)]), seeds)
def test_a_loyalty_card_stays_with_whom_it_was_first_seen(people: list[tuple[str, int]], seed: int) -> None:
    events: list[Named] = [(identified(at, customer=name), (CARD,)) for name, at in people]
    lived = live(town(seed), [*events, (bought(customer=CARD), ())])
    assert lived.customer(CARD) == "ana"
    assert {name: state.orders for name, state in lived.customers().items()} == {"ana": 1, "bea": 0, "cleo": 0}


def test_a_household_is_a_group_and_no_merge() -> None:
    lived = live(town(), [(HouseholdJoined(household="h1", **common(customer=who)), ()) for who in ("ana", "bea")])
    assert {name: joined(state) for name, state in lived.customers().items()} == {"ana": ["h1"], "bea": ["h1"]}


def test_a_stronger_kind_takes_what_a_weaker_one_had() -> None:
    lived = live(
        town(),
        [(viewed(customer=CARD), (SITE,)), (viewed(customer=SITE), ()), (viewed("lamp", customer="ana"), (SITE,))],
    )
    assert lived.customer(SITE) == "ana"
    assert {name: state.version for name, state in lived.customers().items()} == {"ana": 2, CARD: 1}


@settings(max_examples=30)
@given(seeds)
def test_who_joins_a_customer_brings_their_identifiers_along(seed: int) -> None:
    events: list[Named] = [
        (bought("milk", customer=CARD), (SITE,)),
        (viewed("mug", customer=SITE), ()),
        (identified(NOON + DAY, customer="ana"), (CARD,)),
        (viewed("lamp", NOON + 2 * DAY, customer=SITE), ()),
    ]
    lived = live(town(seed), events)
    assert (lived.customer(SITE), lived.customer(CARD), lived.state("ana").version) == ("ana", "ana", 4)


def test_an_uncertain_link_needs_consent_and_brings_no_contacts() -> None:
    token = "payment:t"
    paid: Named = (bought("mug", at=NOON + DAY, customer="ana"), (token,))
    assert live(town(), [(bought("milk", customer=token), ()), paid]).state("ana").orders == 1
    agreed: Named = (consented(NOON, purpose=PERSONALIZATION, customer="ana"), ())
    lived = live(town(), [(bought("milk", customer=token), ()), agreed, paid])
    assert lived.state("ana").orders == 2
    [linked] = [note for note in lived.notes() if note.act is Act.LINKED]
    assert (linked.confidence, linked.identifier) == (0.9, token)


# --- bad input ----------------------------------------------------------------------------------------------------


def test_a_thousand_identifiers_on_one_customer_are_refused_beyond_the_limit() -> None:
    limit = LINKS.kinds[Kind.ANONYMOUS].limit
    events: list[Named] = [(viewed(at=NOON + n, customer="ana"), (f"anonymous:{n}",)) for n in range(1_000)]
    lived = live(town(), events)
    identity = lived.state("ana").identity
    assert identity is not None
    assert (lived.state("ana").version, len(identity.links)) == (1_000, limit)
    refused = [note for note in lived.notes() if note.act is Act.REFUSED]
    assert {note.reason for note in refused} == {"too_many"}
    assert len(refused) == 1_000 - limit


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["ana", "bea", CARD, "card:8", SITE, APP, MAIL]), seeds), max_size=12), seeds)
def test_no_circle_closes_whatever_is_said_of_whom(said: list[tuple[str, int]], seed: int) -> None:
    """Also where senders name stronger profiles as weaker ones, or themselves."""
    names = ["ana", "bea", CARD, "card:8", SITE, APP, MAIL]
    events: list[Named] = [
        (viewed(at=NOON + n, customer=name), random.Random(draw).sample(names, 2))
        for n, (name, draw) in enumerate(said)
    ]
    lived = live(town(seed), events)
    ends = {name: reduce(lambda one, _: lived.customer(one), names, name) for name in names}
    assert all(lived.customer(end) == end for end in ends.values())


EVERYBODY = ["ana", "bea", CARD, "card:8", MAIL, "email:bea", SITE, APP]


def seen_together(draws: Sequence[int]) -> list[Named]:
    """Events that name one to three identifiers, one of each kind, as senders do."""
    events: list[Named] = []
    for n, draw in enumerate(draws):
        chosen = random.Random(draw)
        some = {kind_of(name): name for name in chosen.sample(EVERYBODY, chosen.randint(1, 3))}
        first, *rest = sorted(some.values(), key=strength)
        events.append((viewed(at=NOON + n * MINUTE, customer=first), tuple(rest)))
    return events


@settings(max_examples=150)
@given(st.lists(seeds, max_size=9), seeds)
def test_whoever_is_seen_with_whom_every_event_counts_for_one_customer_once(draws: list[int], seed: int) -> None:
    lived = live(town(seed), seen_together(draws))
    assert sum(state.version for state in lived.customers().values()) == len(draws)
    assert all(lived.customer(lived.customer(name)) == lived.customer(name) for name in EVERYBODY)
    assert sum(len(state.history) // 16 for state in lived.customers().values()) == len(draws)


# --- splitting ----------------------------------------------------------------------------------------------------


def ordered(identifier: str) -> SplitOrdered:
    return SplitOrdered(actor="eve", **common(NOON + 30 * DAY, customer=identifier, channel=Channel.SERVICE))


def own(state: CustomerState) -> CustomerState:
    """Apart from what a split is meant to leave behind: where it stands to others, contacts, reminders long due."""
    return msgspec.structs.replace(state, identity=None, pushes=(), applied=-1, timers={})


parts = st.permutations([e for e in week() if not e[1]]).map(lambda events: events[:6])


@settings(max_examples=60)
@given(parts, seeds)
def test_merged_and_split_again_everybody_is_who_they_were(events: list[Named], seed: int) -> None:
    mine: list[Named] = [
        (viewed("mug", NOON + 8 * DAY, customer="ana"), ()),
        (added(at=NOON + 9 * DAY, customer="ana"), ()),
    ]
    apart = live(town(), [*mine, *events])
    merged = live(town(seed), [*mine, *events, (identified(id="x", at=NOON + 10 * DAY, customer="ana"), (SITE, CARD))])
    for identifier in (SITE, CARD):
        if merged.customer(identifier) == "ana":
            merged.order(ordered(identifier))
    merged.settle()
    for name in {event.customer for event, _ in events}:
        assert own(merged.state(name)) == own(apart.state(name))
    login = customer_who(identified(id="x", at=NOON + 10 * DAY), start=apart.state("ana"))
    assert own(merged.state("ana")) == own(login)


def test_what_was_split_by_an_operator_is_not_linked_again_by_itself() -> None:
    login: Named = (viewed("mug", customer="ana"), (SITE,))
    lived = live(town(), [login, (viewed("lamp", customer=SITE), ())])
    lived.order(ordered(SITE))
    lived.settle()
    lived = live(lived, [(viewed("milk", customer="ana"), (SITE,)), (viewed("bread", customer=SITE), ())])
    assert {name: state.version for name, state in lived.customers().items()} == {"ana": 2, SITE: 2}
    assert [note.act for note in lived.notes()] == [Act.LINKED, Act.SPLIT_ORDERED, Act.WITHDRAWN]
    assert {note.actor for note in lived.notes()} == {"", "eve"}


def test_what_comes_after_a_split_of_one_keeps_the_others() -> None:
    events: list[Named] = [
        (viewed("mug", customer=SITE), ()),
        (bought("milk", customer=CARD), ()),
        (identified(customer="ana"), (SITE, CARD)),
        (viewed("lamp", customer=CARD), ()),
    ]
    lived = live(town(), events)
    lived.order(ordered(SITE))
    lived.settle()
    assert {name: state.version for name, state in lived.customers().items()} == {"ana": 3, SITE: 1}
    identity = lived.state("ana").identity
    assert identity is not None
    assert {name: link.standing for name, link in identity.links.items()} == {
        SITE: Standing.APART,
        CARD: Standing.LINKED,
    }


def walk_in(customer: str, at: int) -> list[Named]:
    return [(entered("madrid", at, customer=customer), ()), (sighted(DAIRY_BEACON, at + MINUTE, customer=customer), ())]


def test_a_push_is_not_repeated_after_a_merge_nor_after_a_split() -> None:
    """Card and app walk through one door: one push a visit, whoever they are taken for."""
    agreed: list[Named] = [(consented(NOON - DAY, customer=name), ()) for name in ("ana", CARD)]
    lived = live(town(), [*agreed, *walk_in("ana", NOON), (identified(NOON + 2 * MINUTE, customer="ana"), (CARD,))])
    lived = live(lived, walk_in(CARD, NOON + 3 * MINUTE))
    pushed = [raw for raw in lived.promotions() if b'"decision":"push"' in raw]
    assert len(pushed) == 1
    assert len(lived.state("ana").pushes) == 1
    lived.order(ordered(CARD))
    lived.settle()
    assert lived.state(CARD).pushes == lived.state("ana").pushes


def test_an_operator_may_say_that_two_users_are_one_and_take_it_back() -> None:
    lived = live(town(), [(viewed("mug", customer="bea"), (SITE,)), (viewed("lamp", customer="ana"), ())])
    lived.order(MergeOrdered(of="bea", actor="eve", **common(customer="ana", channel=Channel.SERVICE)))
    lived.settle()
    assert (lived.customer("bea"), lived.customer(SITE), lived.state("ana").version) == ("ana", "ana", 2)
    lived.order(ordered("bea"))
    lived.settle()
    assert {name: state.version for name, state in lived.customers().items()} == {"ana": 1, "bea": 1}


@pytest.mark.parametrize("weaker", ["ana", "bea"])
def test_nothing_is_the_alias_of_itself_or_of_a_weaker_one(weaker: str) -> None:
    lived = live(town(), [(viewed(customer=name), ()) for name in ("ana", "bea")])
    lived.order(MergeOrdered(of="ana", actor="eve", **common(customer=weaker, channel=Channel.SERVICE)))
    lived.settle()
    assert set(lived.customers()) == {"ana", "bea"}
    assert [note.reason for note in lived.notes() if note.act is Act.REFUSED] == ["not_weaker"]


def test_an_alias_decides_nothing_and_waits_for_nothing() -> None:
    agreed: Named = (consented(NOON - DAY, customer="ana"), (APP,))
    lived = live(town(), [agreed, *walk_in(APP, NOON), (exited("madrid", NOON + HOUR, customer=APP), ())])
    assert lived.state(APP).pushes == ()
    assert len(lived.promotions()) == 2
    assert EMPTY.identity is None
