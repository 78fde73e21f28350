"""From what the topic holds to what an evaluation reads."""

import msgspec
import pytest
from aiokafka import ConsumerRecord

from retail.attribution import Draw
from retail.customers import EMPTY
from retail.events import Event
from retail.journey import advance
from retail.outcomes import Kind, Outcome
from streams.microbatch import World
from streams.outcomes import Joined
from streams.topics import OUTCOMES
from tests.shop import JOURNEY, answer, bought, clicked, listed, shop, viewed
from tests.unit.streams.town import Town

SHOWN = answer("mug", "lamp", "bread", draws=(Draw(2, ("milk", "bread"), 0.2),))


def record(value: bytes) -> ConsumerRecord[bytes | None, bytes | None]:
    return ConsumerRecord(OUTCOMES.name, 0, 0, 0, 0, b"ana", value, None, 0, len(value), ())


def test_what_an_alias_does_is_told_once_and_of_its_customer() -> None:
    town = Town(World(shop()))
    town.send(viewed("mug", customer="ana"), also=["anonymous:site"])
    town.settle()
    town.send(listed(SHOWN, customer="anonymous:site"))
    town.send(clicked("lamp", SHOWN, customer="anonymous:site"))
    town.settle()
    outcomes = [msgspec.json.decode(o.value or b"", type=Outcome) for o in town.told if o.topic == OUTCOMES.name]
    assert [(one.customer, one.kind) for one in outcomes] == [("ana", Kind.SEEN), ("ana", Kind.CLICKED)]


def told(*events: Event) -> list[ConsumerRecord[bytes | None, bytes | None]]:
    state, values = EMPTY, list[ConsumerRecord[bytes | None, bytes | None]]()
    for event in events:
        advanced = advance(state, event, shop(), JOURNEY)
        state = advanced.state
        values += [record(msgspec.json.encode(one)) for one in advanced.outcomes]
    return values


def test_a_place_that_was_seen_is_a_choice_with_what_became_of_it() -> None:
    joined = Joined()
    joined.read(told(listed(SHOWN, "mug", "bread"), clicked("bread", SHOWN), bought("bread")))
    mug, bread = joined.choices()
    assert (mug.item, mug.position, mug.candidates, mug.clicked) == ("mug", 1, ("mug",), False)
    assert (bread.item, bread.clicked, bread.added, bread.bought) == ("bread", True, False, True)
    assert bread.candidates == ("milk", "bread")
    assert bread.probabilities == pytest.approx((0.8, 0.2))


def test_what_the_topic_holds_twice_counts_once() -> None:
    values = told(listed(SHOWN), clicked("mug", SHOWN))
    once, twice = Joined(), Joined()
    once.read(values)
    twice.read([*values, *reversed(values)])
    assert once.choices() == twice.choices()


def test_a_success_whose_impression_is_gone_is_counted_and_no_choice() -> None:
    joined = Joined()
    joined.read([*told(listed(SHOWN), clicked("mug", SHOWN))[1:], record(b"not an outcome")])
    assert joined.choices() == []
    assert (joined.orphans, joined.unreadable) == (1, 1)
