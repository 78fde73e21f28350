"""`caudal explain` tells of the slate that the gateway would answer."""

import msgspec
import pytest

from caudal.commands.explain import Shown, explain
from caudal.explained import Explained, readable
from caudal.explained import explain as explained
from gateway.profiles import Profiles, Whose
from recommender.placed import Spot, slate_for
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail.customers import CustomerState, Identity, encode_state
from retail.merchandising import Effect, Rule
from streams.settings import Settings
from streams.state import Commit
from streams.state.memory import MemoryState
from streams.topics.partitions import partition_of
from tests.shop import DAY, MINUTE, NOON, added, bought, customer_who, shop, viewed
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_recommend import PURCHASES

SHOP = shop()
MODEL = trained(PURCHASES)
PARTITIONS = 4
ANA = customer_who(bought("lamp", at=NOON - 9 * DAY), added("mug", at=NOON - DAY), viewed("bread", at=NOON - MINUTE))


async def known_as(identifier: str) -> Whose:
    """Ana is kept as the worker does, under a browser too, and looked up as the gateway does."""
    state = MemoryState()
    for name, known in (("ana", ANA), ("anonymous:site", CustomerState(identity=Identity(root="ana")))):
        partition = partition_of(name, PARTITIONS)
        ledger = await state.ledger(partition)
        commit = Commit(partition, ledger.next, ledger.next + 1, {}, {name: encode_state(known)}, {})
        assert (await state.commit([commit]))[0].applied
    return await Profiles(state, PARTITIONS).whose(identifier)


async def told(identifier: str = "ana", placement: str = "home", store: str = "") -> Explained:
    whose = await known_as(identifier)
    query = Query(customer=whose.customer, state=whose.state, at=NOON, placement=placement, store=store)
    return explained(identifier, query, Spot(item="bread", category="Bakery"), MODEL, SHOP)


@pytest.mark.parametrize("placement", RECIPES)
async def test_what_is_explained_is_what_is_answered(placement: str) -> None:
    query = Query(customer="ana", state=ANA, at=NOON, placement=placement)
    slate = slate_for(query, Spot(item="bread", category="Bakery"), MODEL, SHOP)
    found = await told(placement=placement)
    assert [(one.item, one.score, one.source, one.evidence) for one in found.items] == [
        (one.item, one.score, one.source, one.because) for one in slate.items
    ]
    assert [(out.item, out.rule) for out in found.dropped] == [(out.item, out.reason) for out in slate.dropped]


async def test_each_item_says_its_score_source_evidence_and_sentence() -> None:
    lines = readable(await told()).splitlines()
    assert lines[0].startswith("customer ana · 3 events · home · model trained")
    [cheese] = [line for line in lines if "cheese (Manchego)" in line]
    assert "seen_together from bread" in cheese
    assert "Often chosen together with Sourdough." in cheese


async def test_what_was_dropped_is_told_with_its_rule() -> None:
    lines = readable(await told()).splitlines()
    assert "    in_cart: mug (Blue mug)" in lines
    assert "    in_view: bread (Sourdough)" in lines


async def test_a_browser_is_explained_as_the_customer_behind_it() -> None:
    found = await told("anonymous:site")
    assert (found.asked, found.customer, found.version) == ("anonymous:site", "ana", ANA.version)


async def test_who_is_not_known_is_told_why_nothing_is_personal() -> None:
    found = await told("stranger")
    assert (found.version, found.fallback) == (0, "no_history")
    assert "no_history" in readable(found)


def test_the_rule_that_pinned_an_item_and_the_one_that_leaves_few_are_named() -> None:
    reference = shop()
    reference.put_rule("star", Rule(id="star", effect=Effect.PIN, items=frozenset({"milk"})))
    reference.put_rule("no-bakery", Rule(id="no-bakery", effect=Effect.EXCLUDE, categories=frozenset({"Bakery"})))
    said = readable(explained("ana", Query(customer="ana", state=ANA, at=NOON), Spot(), MODEL, reference))
    assert "milk (Whole milk) · pinned · Chosen for you by our shop. · by rule star" in said
    assert "excluded by no-bakery: croissant (Croissant)" in said
    assert "fewer than asked for, since rules exclude some: no-bakery" in said


async def test_what_is_printed_cannot_command_a_terminal() -> None:
    found = msgspec.structs.replace(await told(), customer="a\x1b[31mb", store="\x07")
    assert "\x1b" not in readable(found)
    assert "\x07" not in readable(found)


@pytest.mark.parametrize(
    ("shown", "said"), [(Shown(placement="footer"), "buy_again"), (Shown(placement="item"), "--item")]
)
def test_a_placement_that_cannot_be_is_told_before_anything_is_read(shown: Shown, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        explain("ana", shown=shown, settings=Settings(broker="127.0.0.1:1", redis_url="redis://127.0.0.1:1"))
