"""A simulated city of households: who did what, and under which identifiers; the truth is known.

People have phones and browsers of their own and share a tablet, a loyalty card, or neither; register or do not; give an
address of their own, or a throwaway one that others give as well; and use the kiosks of the stores.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from retail.events import Channel, CustomerIdentified, Event, Line, OrderCompleted, ProductViewed
from retail.identifiers import Identifiers, hashed_email, named

START = 1_795_435_200_000
MINUTE = 60_000
KIOSK_IDS = 25
"""Households per id of a kiosk: one in 250 has a kiosk near, whose browser is reset every three days."""

THROWAWAY = [f"nobody{n}@mail.example" for n in range(60)]


@dataclass(frozen=True)
class Person:
    """user: None where they never register. browsers: anonymous ids of their own; the first is their phone's."""

    name: str
    user: str | None
    card: str | None
    email: str
    browsers: tuple[str, ...]
    tablet: str | None


@dataclass(frozen=True)
class Done:
    """An event, and whose it truly is."""

    person: str
    event: Event
    also: tuple[str, ...]


@dataclass
class City:
    """households: how many. events: of one person, about."""

    households: int
    events: int = 8
    seed: int = 1
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        for number in range(self.households):
            size = draw.choices((1, 2, 3, 4, 5), (30, 33, 16, 14, 7))[0]
            tablet = f"tablet-{number}" if size > 1 and draw.random() < 0.5 else None
            shared_card = f"family-{number}" if draw.random() < 0.4 else None
            self.people += [_person(draw, f"{number}-{n}", tablet, shared_card) for n in range(size)]

    def life(self, order: int = 0) -> list[Done]:
        """Everything that happens, in one of many orders of arrival that follow no one's time."""
        draw = random.Random(self.seed + 1)
        kiosks = max(1, self.households // KIOSK_IDS)
        done = [each for person in self.people for each in _days(draw, person, self.events, kiosks)]
        random.Random(order).shuffle(done)
        return done


def _person(draw: random.Random, name: str, tablet: str | None, family_card: str | None) -> Person:
    own_card = f"card-{name}" if draw.random() < 0.3 else None
    email = draw.choice(THROWAWAY) if draw.random() < 0.1 else f"{name}@example.com"
    browsers = tuple(f"browser-{name}-{n}" for n in range(draw.choice((1, 2, 2, 3))))
    return Person(
        name, f"user-{name}" if draw.random() < 0.7 else None, family_card or own_card, email, browsers, tablet
    )


def _days(draw: random.Random, person: Person, events: int, kiosks: int) -> Iterator[Done]:
    for n in range(max(2, round(draw.gauss(events, 2)))):
        at = START + draw.randrange(30 * 24 * 60) * MINUTE
        kiosk = f"kiosk-{draw.randrange(kiosks)}" if draw.random() < 0.05 else None
        yield _till(person, at, n) if person.card and draw.random() < 0.2 else _online(draw, person, at, n, kiosk)
    if person.user:
        yield _identified(person, START + draw.randrange(30 * 24 * 60) * MINUTE)


def _online(draw: random.Random, person: Person, at: int, n: int, kiosk: str | None) -> Done:
    device = draw.choice(person.browsers)
    if person.tablet and draw.random() < 0.25:
        device = person.tablet
    user = person.user if draw.random() < 0.4 else None
    return _done(person, Identifiers(user=user, anonymous=kiosk or device), at, f"v{n}")


def _identified(person: Person, at: int) -> Done:
    """The account's page: the card and the address are given there."""
    who = Identifiers(
        user=person.user, card=person.card, email=hashed_email(person.email), anonymous=person.browsers[0]
    )
    return _done(person, who, at, "i")


def _till(person: Person, at: int, n: int) -> Done:
    return _done(person, Identifiers(card=person.card), at, f"p{n}")


def _done(person: Person, identifiers: Identifiers, at: int, what: str) -> Done:
    who, id_ = named(identifiers), f"{person.name}-{what}"
    shared = {"id": id_, "customer": who.customer, "channel": Channel.WEB, "at": at, "received": at}
    event: Event
    if what == "i":
        event = CustomerIdentified(**shared)  # type: ignore[arg-type]
    elif what.startswith("p"):
        event = OrderCompleted(order=id_, lines=(Line(f"item-{at % 500}"),), **shared)  # type: ignore[arg-type]
    else:
        event = ProductViewed(item=f"item-{at % 500}", **shared)  # type: ignore[arg-type]
    return Done(person.name, event, who.also)
