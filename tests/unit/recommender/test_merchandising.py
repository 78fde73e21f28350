"""Merchandisers pin, boost, bury, exclude and let rest, for a while and in a place; nothing forbidden is shown."""

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.exclusions import exclusions_at
from recommender.filters import filters_of
from recommender.introduced import home_slates
from recommender.merchandising import starving, steering
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for, warm_slates
from recommender.placements import RECIPES
from recommender.ranker import Ranker, ranker_arrays
from recommender.recommend import Query, encoded_slates, recommend
from retail.catalog import Item
from retail.customers import CustomerState
from retail.merchandising import Effect, Rule
from retail.reference import Reference
from retail.slates import Dropped, Slate, Source, decode_slate
from retail.weekly import Weekday
from tests.shop import DAY, ITEMS, MINUTE, NOON, added, bought, customer_who, entered, shop
from tests.unit.recommender.shelves import random_arrays, trained
from tests.unit.recommender.test_forbidden import MODELS, customer, world
from tests.unit.recommender.test_kernel import somebody
from tests.unit.recommender.test_ranker import known as repeats_of
from tests.unit.recommender.test_ranker import only_habits
from tests.unit.recommender.test_recommend import PURCHASES

ANA = customer_who(bought("bread", at=NOON - 9 * DAY), added("mug", at=NOON - DAY))
PAGE = Spot(item="lamp", category="Dairy")


@pytest.fixture(scope="module")
def model() -> Model:
    return trained(PURCHASES)


def rule(name: str, effect: Effect, *items: str, **fields: object) -> Rule:
    return Rule(id=name, effect=effect, items=frozenset(items), **fields)  # type: ignore[arg-type]


def shop_with(*rules: Rule) -> Reference:
    reference = shop()
    for one in rules:
        reference.put_rule(one.id, one)
    return reference


def placed(
    model: Model,
    reference: Reference,
    placement: str = "home",
    *,
    state: CustomerState = ANA,
    at: int = NOON,
    limit: int = 20,
    store: str = "",
) -> Slate:
    query = Query(customer="ana", state=state, at=at, placement=placement, limit=limit, store=store)
    return slate_for(query, PAGE, model, reference)


def ids(slate: Slate) -> list[str]:
    return [one.item for one in slate.items]


@pytest.mark.parametrize("placement", RECIPES)
def test_what_is_excluded_is_on_no_placement_and_the_rule_is_named(model: Model, placement: str) -> None:
    before = placed(model, shop(), placement)
    assert before.items
    gone = before.items[0].item
    slate = placed(model, shop_with(rule("stop", Effect.EXCLUDE, gone)), placement)
    assert gone not in ids(slate)
    assert Dropped(gone, "excluded by stop") in slate.dropped


def test_a_whole_department_and_a_brand_may_be_excluded(model: Model) -> None:
    reference = shop_with(Rule(id="dairy-free", effect=Effect.EXCLUDE, categories=frozenset({"Dairy"})))
    reference.put_item("lamp", msgspec.structs.replace(ITEMS[5], brand="Lumen"))
    reference.put_rule("no-lumen", Rule(id="no-lumen", effect=Effect.EXCLUDE, brands=frozenset({"Lumen"})))
    assert {"cheese", "milk", "lamp"}.isdisjoint(ids(placed(model, reference)))


@pytest.mark.parametrize("placement", RECIPES)
def test_a_pin_stands_at_its_place_and_nowhere_else(model: Model, placement: str) -> None:
    slate = placed(model, shop_with(rule("star", Effect.PIN, "milk", place=2)), placement)
    place = min(2, len(slate.items)) - 1
    assert (slate.items[place].item, slate.items[place].source, slate.items[place].rule) == (
        "milk",
        Source.PINNED,
        "star",
    )
    assert ids(slate).count("milk") == 1


def test_pins_of_one_place_stand_one_after_the_other(model: Model) -> None:
    rules = (rule("b", Effect.PIN, "lamp"), rule("a", Effect.PIN, "croissant"))
    assert set(ids(placed(model, shop_with(*rules)))[:2]) == {"lamp", "croissant"}
    assert len(placed(model, shop_with(*rules), limit=1).items) == 1


def test_a_pin_on_a_category_page_is_of_that_category(model: Model) -> None:
    slate = placed(model, shop_with(rule("star", Effect.PIN, "croissant")), "category")
    assert "croissant" not in ids(slate)


def test_a_recalled_item_is_not_shown_though_it_is_pinned(model: Model) -> None:
    reference = shop_with(rule("star", Effect.PIN, "milk"))
    reference.put_item("milk", msgspec.structs.replace(ITEMS[1], recalled=True))
    slate = placed(model, reference)
    assert "milk" not in ids(slate)
    assert slate.dropped.count(Dropped("milk", "recalled")) == 1


def test_who_excludes_wins_over_who_pins(model: Model) -> None:
    reference = shop_with(rule("star", Effect.PIN, "milk"), rule("stop", Effect.EXCLUDE, "milk"))
    assert "milk" not in ids(placed(model, reference))


def test_a_boost_lifts_and_a_burial_sinks(model: Model) -> None:
    first, *_, last = placed(model, shop(), state=customer_who(bought("bread", at=NOON - DAY)), limit=3).items
    reference = shop_with(
        rule("up", Effect.BOOST, last.item, strength=1e6), rule("down", Effect.BURY, first.item, strength=1e6)
    )
    slate = placed(model, reference, state=customer_who(bought("bread", at=NOON - DAY)))
    assert (slate.items[0].item, slate.items[0].rule) == (last.item, "up")
    assert ids(slate).index(first.item) > ids(slate).index(last.item) + 1


@pytest.mark.parametrize(
    ("at", "holds"), [(NOON - 1, False), (NOON, True), (NOON + DAY - 1, True), (NOON + DAY, False)]
)
def test_a_rule_holds_from_its_start_until_its_end(model: Model, at: int, holds: bool) -> None:
    reference = shop_with(rule("week", Effect.EXCLUDE, "cheese", starts=NOON, ends=NOON + DAY))
    assert ("cheese" not in ids(placed(model, reference, at=at))) == holds


def test_a_rule_holds_at_its_placements_and_stores_alone(model: Model) -> None:
    reference = shop_with(
        rule("r", Effect.EXCLUDE, "cheese", placements=frozenset({"home"}), stores=frozenset({"madrid"}))
    )
    assert "cheese" not in ids(placed(model, reference, store="madrid"))
    assert "cheese" in ids(placed(model, reference, store="new-york"))
    assert "cheese" in ids(placed(model, reference))
    assert "cheese" in ids(placed(model, reference, "category", store="madrid"))


def test_in_the_zone_where_a_customer_stands_the_rules_of_that_store_hold(model: Model) -> None:
    reference = shop_with(rule("r", Effect.EXCLUDE, "cheese", stores=frozenset({"madrid"})))
    here = customer_who(entered("madrid", NOON, "dairy"))
    assert "cheese" not in ids(placed(model, reference, "zone", state=here))


def test_a_rule_that_is_changed_or_taken_back_is_seen_by_the_next_slate(model: Model) -> None:
    reference = shop_with(rule("r", Effect.EXCLUDE, "cheese"))
    assert "cheese" not in ids(placed(model, reference))
    reference.put_rule("r", rule("r", Effect.EXCLUDE, "milk"))
    assert "cheese" in ids(placed(model, reference))
    reference.put_rule("r", None)
    assert placed(model, reference) == placed(model, shop())


def test_rules_that_leave_few_items_are_named(model: Model) -> None:
    reference = shop_with(Rule(id="dairy", effect=Effect.EXCLUDE, categories=frozenset({"Dairy"})))
    slate = placed(model, reference, "category")
    assert slate.items == ()
    assert starving(slate, 20) == ("dairy",)
    assert starving(placed(model, reference, limit=1), 1) == ()


def test_a_rule_of_another_time_or_placement_leaves_the_fast_way_alone() -> None:
    past = rule("past", Effect.EXCLUDE, "cheese", ends=NOON)
    elsewhere = rule("elsewhere", Effect.EXCLUDE, "cheese", placements=frozenset({"cart"}))
    reference = shop_with(past, elsewhere, rule("off", Effect.EXCLUDE, "cheese", live=False))
    assert steering(reference, "home", "", NOON) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.sampled_from(["", "madrid"]), st.integers(1, 20))
def test_a_rule_about_nothing_on_sale_changes_no_home_slate(seed: int, model: Model, store: str, limit: int) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    query = Query(customer="ana", state=state, at=NOON, store=store, limit=limit)
    [expected] = home_slates([query], model, reference)
    reference.put_rule("r", rule("r", Effect.EXCLUDE, "nothing of ours"))
    assert slate_for(query, Spot(), model, reference).items == expected.items


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.sampled_from(sorted(RECIPES)))
def test_no_rule_brings_a_forbidden_item_onto_a_slate(seed: int, model: Model, placement: str) -> None:
    chance = np.random.default_rng(seed)
    reference, state = world(chance), customer(chance)
    for number in range(16):
        effect = (Effect.PIN, Effect.BOOST)[number % 2]
        reference.put_rule(f"r{number}", rule(f"r{number}", effect, f"i{number}", place=1 + number % 5))
    query = Query(customer="ana", state=state, at=NOON, placement=placement, store="madrid", limit=12)
    slate = slate_for(query, Spot(item="i1", category="c1"), model, reference)
    filters = filters_of(state, reference.items, NOON, "madrid")
    assert [filters.refusal(one.item) for one in slate.items] == [""] * len(slate.items)
    assert len(slate.items) <= 12
    assert len(set(ids(slate))) == len(slate.items)


@pytest.mark.parametrize("placement", sorted({*RECIPES} - {"after_purchase", "cart"}))
@pytest.mark.parametrize(("ago", "shown"), [(29, False), (31, True)])
def test_what_was_bought_rests_as_long_as_its_category_says(
    model: Model, placement: str, ago: int, shown: bool
) -> None:
    reference, state = shop(), customer_who(bought("cheese", at=NOON - ago * DAY))
    before = "cheese" in ids(placed(model, reference, placement, state=state))
    reference.put_rule("r", Rule(id="r", effect=Effect.REST, categories=frozenset({"Dairy"}), days=30))
    slate = placed(model, reference, placement, state=state)
    assert ("cheese" in ids(slate)) == (before and shown)
    assert (Dropped("cheese", "just_bought") in slate.dropped) == (before and not shown)


def test_what_others_bought_and_what_was_only_looked_at_does_not_rest(model: Model) -> None:
    reference = shop_with(Rule(id="r", effect=Effect.REST, categories=frozenset({"Dairy"}), days=3650))
    state = customer_who(added("cheese", at=NOON - DAY))
    assert "milk" in ids(placed(model, reference, state=state))
    assert "cheese" in ids(placed(model, reference, state=msgspec.structs.replace(state, cart={})))


def test_a_purchase_that_left_the_history_still_rests(model: Model) -> None:
    """The repeat counter remembers when."""
    reference = shop_with(rule("r", Effect.REST, "bread", days=365))
    state = msgspec.structs.replace(ANA, history=b"", cart={})
    assert Dropped("bread", "just_bought") in placed(model, reference, state=state).dropped


def test_a_pin_of_what_rests_is_dropped(model: Model) -> None:
    reference = shop_with(rule("star", Effect.PIN, "bread"), rule("r", Effect.REST, "bread", days=365))
    slate = placed(model, reference)
    assert "bread" not in ids(slate)
    assert Dropped("bread", "just_bought") in slate.dropped


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_rest_says_for_how_many_days(days: int) -> None:
    with pytest.raises(ValueError, match=f"days {days} is none of 1 to 3650"):
        rule("r", Effect.REST, "bread", days=days)


LARGE = make_model("large", random_arrays(items=150, seed=2, neighbours=20))
RANKED = make_model("ranked", random_arrays(items=150, seed=3) | ranker_arrays(Ranker(only_habits(), repeats_of(150))))


def wide_world(chance: np.random.Generator) -> Reference:
    """Items of six categories, some not to be had, and exclusions of some items and, at times, of whole categories."""
    reference = Reference()
    for row in range(160):
        item = Item(id=f"i{row}", category=f"c{row % 6}", brand=f"b{row % 17}", available=bool(chance.random() < 0.9))
        reference.put_item(item.id, item)
    for number in range(int(chance.integers(1, 6))):
        stop = Rule(
            id=f'stop "{number}"',
            effect=Effect.EXCLUDE,
            items=frozenset(f"i{row}" for row in chance.integers(0, 160, 5)),
            categories=frozenset({f"c{row}" for row in chance.integers(0, 6, chance.integers(0, 3))}),
            brands=frozenset({f"b{row}" for row in chance.integers(0, 17, chance.integers(0, 3))}),
            placements=frozenset({"home", "cart"} if chance.random() < 0.5 else ()),
            stores=frozenset({"s0"} if chance.random() < 0.3 else ()),
            starts=NOON + int(chance.integers(-DAY, DAY // 4)),
        )
        reference.put_rule(stop.id, stop)
    for number in range(int(chance.integers(0, 4))):
        names = frozenset({f"c{row}" for row in chance.integers(0, 6, 2)})
        days = int(chance.integers(1, 400))
        reference.put_rule(f"rest {number}", Rule(id=f"rest {number}", effect=Effect.REST, categories=names, days=days))
    return reference


def wide_query(chance: np.random.Generator, number: int) -> Query:
    cart = {f"i{row}": 1 for row in chance.integers(0, 160, 3).tolist()}
    state = msgspec.structs.replace(somebody(chance), cart=cart)
    store, limit = ("", "s0", "s1")[number % 3], int(chance.integers(1, 60))
    return Query(customer=f"c{number}", state=state, at=NOON + number, store=store, limit=limit)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([*MODELS, LARGE, RANKED]))
def test_exclusions_give_the_same_slates_in_a_batch_as_one_by_one(seed: int, model: Model) -> None:
    chance = np.random.default_rng(seed)
    reference = wide_world(chance)
    queries = [wide_query(chance, number) for number in range(6)]
    asked = [slate_for(query, Spot(), model, reference) for query in queries]
    warm = warm_slates(queries, model, reference)
    assert home_slates(queries, model, reference) == asked
    moving = rule("moves nothing", Effect.BOOST, "nothing of ours")
    reference.put_rule(moving.id, moving)
    for query, together, kept in zip(queries, asked, warm, strict=True):
        if exclusions_at(query, reference) is not None:
            assert slate_for(query, Spot(), model, reference) == together
            [alone] = warm_slates([query], model, reference)
            assert decode_slate(alone) == decode_slate(kept)


def test_an_exclusion_of_all_that_a_customer_likes_leaves_what_they_like_next() -> None:
    """Not what everybody likes: the ranking is looked at as deep as where slates are made one by one."""
    query = Query(customer="ana", state=somebody(np.random.default_rng(5)), at=NOON, limit=10)
    best = [one.item for one in recommend(msgspec.structs.replace(query, limit=60), LARGE, Reference()).items]
    reference = shop_with(rule("stop", Effect.EXCLUDE, *best[:45]))
    reference.items.clear()
    assert ids(recommend(query, LARGE, reference)) == best[45:55]


def test_an_exclusion_follows_the_catalogue(model: Model) -> None:
    reference = shop_with(Rule(id="dairy", effect=Effect.EXCLUDE, categories=frozenset({"Dairy"})))
    assert "lamp" in ids(placed(model, reference))
    reference.put_item("lamp", msgspec.structs.replace(ITEMS[5], department="Dairy"))
    assert Dropped("lamp", "excluded by dairy") in placed(model, reference).dropped
    reference.put_item("lamp", ITEMS[5])
    assert "lamp" in ids(placed(model, reference))


def test_exclusions_cost_a_micro_batch_little(model: Model) -> None:
    reference = shop_with(*(rule(f"r{n}", Effect.EXCLUDE, "cheese") for n in range(20)))
    queries = [Query(customer="ana", state=ANA, at=NOON + n, limit=3) for n in range(300)]
    plain, ruled = ([], [])  # type: tuple[list[float], list[float]]
    for _ in range(7):
        for times, world_now in ((plain, shop()), (ruled, reference)):
            start = time.process_time()
            warm_slates(queries, model, world_now)
            times.append(time.process_time() - start)
    assert min(ruled) < 4 * min(plain)


def test_warm_slates_obey_the_rules_of_each_customers_store_and_keep_their_order(model: Model) -> None:
    reference = shop_with(rule("r", Effect.EXCLUDE, "cheese", stores=frozenset({"madrid"})))
    queries = [Query(customer=f"c{n}", state=ANA, at=NOON, store=("", "madrid")[n % 2]) for n in range(5)]
    slates = [decode_slate(raw) for raw in warm_slates(queries, model, reference)]
    assert slates == [slate_for(query, Spot(), model, reference) for query in queries]
    assert ["cheese" in ids(slate) for slate in slates] == [True, False, True, False, True]


def test_a_rule_that_begins_within_a_micro_batch_holds_for_its_later_customers(model: Model) -> None:
    reference = shop_with(rule("r", Effect.EXCLUDE, "cheese", starts=NOON + 2, ends=NOON + 3))
    queries = [Query(customer=f"c{n}", state=ANA, at=NOON + n) for n in range(5)]
    slates = [decode_slate(raw) for raw in warm_slates(queries, model, reference)]
    assert ["cheese" in ids(slate) for slate in slates] == [True, True, False, True, True]


def test_rules_that_do_not_hold_cost_a_micro_batch_nothing(model: Model) -> None:
    reference = shop_with(*(rule(f"r{n}", Effect.EXCLUDE, "cheese", ends=NOON) for n in range(200)))
    queries = [Query(customer="ana", state=ANA, at=NOON + n) for n in range(300)]
    plain, ruled = ([], [])  # type: tuple[list[float], list[float]]
    for _ in range(7):
        for times, way in ((plain, encoded_slates), (ruled, warm_slates)):
            start = time.process_time()
            way(queries, model, reference)
            times.append(time.process_time() - start)
    assert min(ruled) < 4 * min(plain)


@pytest.mark.parametrize(("store", "holds"), [("madrid", True), ("new-york", False), ("", False)])
def test_a_rule_of_certain_hours_holds_by_the_clock_of_the_store(model: Model, store: str, holds: bool) -> None:
    """Monday, one o'clock in Madrid, seven in New York, twelve in UTC."""
    lunch = rule("lunch", Effect.EXCLUDE, "cheese", weekdays=frozenset({Weekday.MONDAY}), hours="13:00-15:00")
    assert ("cheese" not in ids(placed(model, shop_with(lunch), store=store))) == holds


def test_where_no_store_is_known_the_rules_own_time_zone_counts(model: Model) -> None:
    lunch = rule("lunch", Effect.EXCLUDE, "cheese", hours="13:00-15:00", time_zone="Europe/Madrid")
    assert "cheese" not in ids(placed(model, shop_with(lunch)))


def test_a_rule_comes_and_goes_with_the_minute_in_warm_slates_too(model: Model) -> None:
    noon = rule("noon", Effect.PIN, "lamp", hours="12:00-12:01")
    queries = [Query(customer="ana", state=ANA, at=NOON + n * MINUTE, limit=3) for n in (-1, 0, 1)]
    warm = [decode_slate(one) for one in warm_slates(queries, model, shop_with(noon))]
    assert [one.items[0].source is Source.PINNED for one in warm] == [False, True, False]


@pytest.mark.parametrize(
    ("flawed", "said"), [({"hours": "9-5"}, "none such as"), ({"hours": "09:00-17:00", "time_zone": "Mars"}, "no zone")]
)
def test_hours_and_zones_that_cannot_be_meant_are_refused(flawed: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rule("r", Effect.EXCLUDE, "bread", **flawed)
