"""Customers of a household are spared what any of them must be spared, through letters that are late or come twice."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.filters import filters_of
from retail.catalog import Item
from retail.customers import CustomerState
from retail.events import CustomerIdentified, Event, HouseholdJoined, HouseholdLeft
from retail.groups import joined
from retail.household import ANYTHING, Declared
from retail.identifiers import HOUSEHOLD
from retail.letters import Act
from retail.links import Why
from retail.policy import JourneyPolicy
from streams.microbatch import World
from tests.shop import DAY, MINUTE, NOON, common, shop, viewed
from tests.unit.streams.town import Town, live

WORLD = World(shop())
SITE = "anonymous:site"
CAKE = Item(id="cake", name="Cake", ingredients=("wheat flour", "hazelnuts"), price=300)

seeds = st.integers(0, 1 << 32)


def town(seed: int | None = None) -> Town:
    return Town(WORLD, random.Random(seed) if seed is not None else None)


def joins(customer: str, at: int = NOON, household: str = "h1") -> Event:
    return HouseholdJoined(household=household, **common(at, customer=customer))


def leaves(customer: str, at: int, household: str = "h1") -> Event:
    return HouseholdLeft(household=household, **common(at, customer=customer))


def declares(customer: str, *allergens: str, at: int = NOON) -> Event:
    return CustomerIdentified(household=Declared(allergens=allergens), **common(at, customer=customer))


def spared(state: CustomerState) -> set[str]:
    return set(filters_of(state, {}, NOON).allergens)


def lived(*events: Event) -> Town:
    return live(town(), [(event, ()) for event in events])


def test_what_one_declares_the_other_is_spared() -> None:
    home = lived(joins("ana"), joins("bea"), declares("bea", "nuts"))
    assert filters_of(home.state("ana"), {CAKE.id: CAKE}, NOON).refusal(CAKE.id) == "allergen"
    assert spared(home.state("bea")) == {"nuts"}
    assert home.state("ana").household.allergens == {}, "it is not their own"


def test_who_joins_later_is_spared_what_was_declared_before() -> None:
    home = lived(declares("bea", "nuts"), joins("bea"), joins("ana", NOON + DAY))
    assert spared(home.state("ana")) == {"nuts"}


def test_who_leaves_takes_along_what_they_declared_and_nothing_else() -> None:
    home = lived(
        *(joins(who) for who in ("ana", "bea", "cleo")),
        declares("bea", "nuts"),
        declares("cleo", "milk"),
        leaves("bea", NOON + DAY),
    )
    assert spared(home.state("ana")) == {"milk"}
    assert spared(home.state("bea")) == {"nuts"}
    assert spared(home.state("cleo")) == {"milk"}


def test_nobody_takes_back_what_another_declared() -> None:
    home = lived(joins("ana"), joins("bea"), declares("bea", "nuts"), declares("ana", at=NOON + DAY))
    assert spared(home.state("ana")) == {"nuts"}


def test_what_was_taken_back_is_shared_no_more() -> None:
    home = lived(joins("ana"), joins("bea"), declares("bea", "nuts"), declares("bea", at=NOON + DAY))
    assert spared(home.state("ana")) == set()


def test_more_names_than_can_be_kept_are_anything() -> None:
    many = [declares(who, *(f"{who}-{n}" for n in range(20))) for who in ("bea", "cleo")]
    home = lived(*(joins(who) for who in ("ana", "bea", "cleo")), *many)
    assert spared(home.state("ana")) == {ANYTHING}


def test_a_late_word_of_leaving_does_not_undo_a_newer_joining() -> None:
    home = lived(joins("ana", NOON + DAY), joins("bea"), declares("bea", "nuts"), leaves("ana", NOON))
    assert spared(home.state("ana")) == {"nuts"}


def test_a_club_of_a_thousand_is_no_household() -> None:
    limit = JourneyPolicy().members
    people = [f"c{n}" for n in range(limit + 1)]
    club = lived(*map(joins, people), *(declares(who, who) for who in people))
    refused = {note.identifier: note.reason for note in club.notes() if note.act is Act.REFUSED}
    assert list(refused.values()) == [Why.TOO_MANY]
    [late] = refused
    assert spared(club.state(late)) == {late}
    assert late not in (club.state(f"{HOUSEHOLD}h1").members or {})


def test_what_a_phone_declared_before_the_login_reaches_the_household_of_its_customer() -> None:
    home = live(
        town(),
        [
            (joins("ana"), ()),
            (joins("bea"), ()),
            (declares(SITE, "nuts"), ()),
            (viewed(at=NOON + DAY, customer="bea"), (SITE,)),
        ],
    )
    assert spared(home.state("ana")) == {"nuts"}


def test_no_slate_is_made_of_a_household() -> None:
    home = lived(joins("ana"), joins("bea"))
    assert set(home.customers()) == {"ana", "bea"}
    assert home.state(f"{HOUSEHOLD}h1").members is not None


PEOPLE = ("ana", "bea", "cleo", SITE)
GROUPS = ("h1", "h2")


@st.composite
def deeds(draw: st.DrawFn) -> list[tuple[Event, tuple[str, ...]]]:
    """What people say, at a minute each, in the order in which it arrives: any."""
    told: list[tuple[Event, tuple[str, ...]]] = []
    for minute in range(draw(st.integers(1, 14))):
        who, at = draw(st.sampled_from(PEOPLE)), NOON + minute * MINUTE
        group: dict[str, Any] = {"at": at, "household": draw(st.sampled_from(GROUPS))}
        event = draw(
            st.sampled_from(
                [
                    joins(who, **group),
                    joins(who, **group),
                    leaves(who, **group),
                    declares(who, draw(st.sampled_from(["nuts", "milk", "soy"])), at=at),
                    declares(who, at=at),
                    viewed(at=at, customer=who),
                ]
            )
        )
        told.append((event, (SITE,) if who == "ana" and draw(st.booleans()) else ()))
    return draw(st.permutations(told))


@settings(max_examples=60, deadline=None)
@given(deeds(), seeds)
def test_whatever_happens_everybody_is_spared_what_the_others_of_their_groups_declared(
    told: list[tuple[Event, tuple[str, ...]]], seed: int
) -> None:
    home = live(town(seed), told)
    people = home.customers()
    for name, state in people.items():
        mine = set(joined(state))
        others = [other for one, other in people.items() if one != name and mine & set(joined(other))]
        expected = set(state.household.allergens).union(*(other.household.allergens for other in others))
        assert spared(state) == expected, name
