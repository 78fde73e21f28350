"""Slates decided together are those that would be decided alone, and one that cannot be decided fails alone."""

import asyncio

import pytest

from gateway.together import Together
from recommender.model import make_model
from recommender.placed import NOWHERE
from recommender.recommend import Query, recommend
from retail import history
from retail.catalog import item_key
from retail.customers import CustomerState, Interaction
from retail.events import Channel
from retail.reference import Reference
from tests.shop import NOON
from tests.unit.recommender.shelves import random_arrays

MODEL = make_model("one", random_arrays(items=60))


def asked(number: int, limit: int = 10) -> Query:
    looked_at = history.pack(item_key(MODEL.items[number]), NOON // 1000 - 3_600, Interaction.VIEWED, Channel.WEB)
    return Query(customer=f"c{number}", state=CustomerState(history=looked_at), at=NOON, limit=limit)


async def test_slates_asked_for_at_once_are_those_asked_for_alone() -> None:
    reference = Reference()
    together = Together(reference)
    queries = [asked(n, limit=5 + 5 * (n % 2)) for n in range(40)]
    slates = await asyncio.gather(*(together.slate(query, NOWHERE, MODEL) for query in queries))
    assert slates == [recommend(query, MODEL, reference) for query in queries]


async def test_each_is_answered_by_the_model_that_served_when_it_was_asked() -> None:
    together, newer = Together(Reference()), make_model("two", random_arrays(items=60))
    slates = await asyncio.gather(*(together.slate(asked(n), NOWHERE, (MODEL, newer)[n % 2]) for n in range(4)))
    assert [slate.model for slate in slates] == ["one", "two", "one", "two"]


async def test_what_one_slate_dies_of_is_not_the_others_fault() -> None:
    together = Together(Reference())
    broken = Query(customer="broken", state=CustomerState(history=b"cut"), at=NOON)
    asking = [together.slate(query, NOWHERE, MODEL) for query in (asked(1), broken, asked(2))]
    first, fault, last = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(fault, ValueError)
    assert (first, last) == tuple(recommend(asked(n), MODEL, Reference()) for n in (1, 2))


async def test_who_leaves_meanwhile_takes_nothing_from_the_others() -> None:
    together = Together(Reference())
    leaving, staying = (asyncio.create_task(together.slate(asked(n), NOWHERE, MODEL)) for n in (1, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).customer == "c2"
    with pytest.raises(asyncio.CancelledError):
        await leaving
