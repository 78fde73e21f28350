import msgspec
import pytest

from gateway.answers import Recommendations
from gateway.sentences import WORDINGS, why
from recommender.placements import RECIPES
from retail.attribution import unseal
from retail.catalog import Item
from retail.customers import CustomerState, encode_state
from retail.household import NOBODY, Declared, household_after
from retail.merchandising import Effect, Rule
from retail.slates import Recommendation, Source
from tests.shop import ITEMS, NOON, customer_who, shop, viewed
from tests.unit.gateway.running import Running

ANA = encode_state(customer_who(viewed("bread"), viewed("milk")))


async def asked(gateway: Running, query: str = "customer=ana", key: str = "site") -> Recommendations:
    answer = await gateway.get(f"/v1/recommendations?{query}", key)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Recommendations)


async def test_a_slate_names_its_items_and_says_why_of_each(gateway: Running) -> None:
    slate = await asked(gateway)
    names = {item.id: item.name for item in ITEMS}
    assert slate.items
    assert all(chosen.name == names[chosen.item] and chosen.why.endswith(".") for chosen in slate.items)


@pytest.mark.parametrize("name", ["customer", "userId", "user_id", "anonymousId"])
async def test_the_customer_may_be_named_as_senders_name_them(gateway: Running, name: str) -> None:
    assert (await asked(gateway, f"{name}=ana")).customer == "ana"


async def test_a_slate_is_made_from_the_state_as_it_is_now(gateway: Running) -> None:
    assert (await asked(gateway)).version == 0
    await gateway.know("ana", ANA)
    assert (await asked(gateway)).version == 2


async def test_a_slate_for_nobody_we_know_says_that_it_is_not_personal(gateway: Running) -> None:
    assert (await asked(gateway, "customer=stranger")).fallback != ""


async def test_with_redis_down_there_is_still_an_answer_marked_as_such(gateway: Running) -> None:
    gateway.state.down = True
    slate = await asked(gateway)
    assert slate.fallback == "state_unavailable"
    assert slate.items
    assert 'caudal_fallbacks_total{reason="state_unavailable"} ' in (await gateway.get("/metrics")).text


async def test_a_state_that_cannot_be_read_costs_the_personal_touch_and_no_more(gateway: Running) -> None:
    await gateway.know("ana", b"not a state")
    slate = await asked(gateway)
    assert slate.fallback == "state_unreadable"
    assert slate.items


async def test_with_redis_down_anybody_may_have_an_allergy(gateway: Running) -> None:
    gateway.reference.put_item("snack", Item(id="snack", ingredients=("peanuts",)))
    gateway.reference.put_item("candle", Item(id="candle", ingredients=()))
    gateway.state.down = True
    assert [chosen.item for chosen in (await asked(gateway)).items] == ["candle"]


async def test_an_allergen_declared_is_out_of_the_next_answer_though_nothing_is_personal(gateway: Running) -> None:
    gateway.reference.put_item("snack", Item(id="snack", ingredients=("Peanut oil",)))
    gateway.reference.put_item("rice", Item(id="rice", ingredients=("rice",)))
    household = household_after(NOBODY, Declared(allergens=("peanut",)), NOON)
    await gateway.know("ana", encode_state(CustomerState(household=household)))
    assert [chosen.item for chosen in (await asked(gateway)).items] == ["rice"]


async def test_a_placement_that_nobody_knows_is_refused_with_those_there_are(gateway: Running) -> None:
    answer = await gateway.get("/v1/recommendations?customer=ana&placement=footer", "site")
    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_placement"
    assert [name for name in RECIPES if f"{name}:" not in answer.json()["message"]] == []


@pytest.mark.parametrize("placement", [name for name, recipe in RECIPES.items() if recipe.needs])
async def test_a_placement_says_what_it_cannot_do_without(gateway: Running, placement: str) -> None:
    answer = await gateway.get(f"/v1/recommendations?customer=ana&placement={placement}", "site")
    assert answer.status_code == 400
    assert answer.json()["code"] == "missing_parameter"
    assert answer.json()["message"].startswith(f"{RECIPES[placement].needs}:")


async def test_each_placement_is_answered_with_its_parameters(gateway: Running) -> None:
    for placement in RECIPES:
        query = f"customer=ana&placement={placement}&item=mug&cart=mug,lamp&category=Bread&store=madrid&zone=dairy"
        assert (await asked(gateway, query)).placement == placement


async def test_a_category_page_and_a_zone_hold_what_is_of_them(gateway: Running) -> None:
    page = await asked(gateway, "customer=ana&placement=category&category=Bakery")
    assert {chosen.item for chosen in page.items} == {"bread", "croissant"}
    zone = await asked(gateway, "customer=ana&placement=zone&store=madrid&zone=dairy")
    assert {chosen.item for chosen in zone.items} == {"cheese", "milk"}


@pytest.mark.parametrize("cart", ["a%00b", "x" * 257, ",".join("x" * 101)])
async def test_a_cart_that_cannot_be_is_refused_by_name(gateway: Running, cart: str) -> None:
    answer = await gateway.get(f"/v1/recommendations?customer=ana&placement=cart&cart={cart}", "site")
    assert answer.status_code == 400
    assert "cart" in answer.json()["message"]


async def test_serving_never_waits_for_kafka(gateway: Running) -> None:
    gateway.kafka.down = True
    assert (await asked(gateway)).items


async def test_a_slate_is_as_long_as_asked_at_most(gateway: Running) -> None:
    assert len((await asked(gateway, "customer=ana&limit=2")).items) == 2


async def test_an_answer_about_a_customer_is_stored_nowhere_on_its_way(gateway: Running) -> None:
    answer = await gateway.get("/v1/recommendations?customer=ana")
    assert answer.headers["cache-control"] == "no-store"


async def test_every_answer_has_an_id_of_its_own(gateway: Running) -> None:
    assert (await asked(gateway)).id != (await asked(gateway)).id


@pytest.mark.parametrize("path", ["/v1/recommendations", "/v1/offers", "/v1/inbox"])
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "customer"),
        ("customer=", "customer"),
        ("customer=" + "x" * 257, "customer"),
        ("customer=a%00b", "customer"),
        ("customer=ana&limit=0", "limit"),
        ("customer=ana&limit=101", "limit"),
        ("customer=ana&limit=-1", "limit"),
        ("customer=ana&limit=ten", "limit"),
        ("customer=ana&limit=", "limit"),
        ("customer=ana&limit=%D9%A3", "limit"),
        ("customer=%FF", "query"),
        ("&".join(f"a{n}=1" for n in range(40)), "parameters"),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(gateway: Running, path: str, query: str, named: str) -> None:
    answer = await gateway.get(f"{path}?{query}", "admin")
    assert answer.status_code == 400
    assert named in answer.json()["message"]


@pytest.mark.parametrize("source", Source)
def test_every_source_has_its_sentence(source: Source) -> None:
    because = "mug"
    said = why(Recommendation("lamp", 1.0, source, because), shop(), "madrid")
    assert said.endswith(".")
    assert "{" not in said
    assert set(WORDINGS) == set(Source)


def test_the_sentence_names_the_item_that_led_there_and_the_store() -> None:
    led = Recommendation("lamp", 1.0, Source.SEEN_TOGETHER, "mug")
    here = Recommendation("lamp", 1.0, Source.POPULAR_HERE)
    assert "Blue mug" in why(led, shop())
    assert "Madrid" in why(here, shop(), "madrid")
    assert why(here, shop(), "nowhere") == "Popular in this store."


def test_a_name_with_braces_stays_a_name() -> None:
    reference = shop(items=[msgspec.structs.replace(ITEMS[4], name="{0} {name}")])
    assert "{0} {name}" in why(Recommendation("lamp", 1.0, Source.TASTE, "mug"), reference)


async def test_a_rule_that_leaves_few_items_is_counted_and_an_answer_is_given(gateway: Running) -> None:
    everything = frozenset(item.department for item in ITEMS)
    gateway.reference.put_rule("all", Rule(id="all", effect=Effect.EXCLUDE, categories=everything))
    assert (await asked(gateway)).items == []
    assert 'caudal_starved_slates_total{placement="home"} 1.0' in (await gateway.get("/metrics")).text


async def test_an_answer_carries_a_token_of_what_it_shows(gateway: Running) -> None:
    slate = await asked(gateway, "customer=ana&placement=home&store=madrid")
    shown = unseal(slate.attribution, b"")
    assert shown.answer == slate.id
    assert (shown.placement, shown.store, shown.model) == ("home", "madrid", slate.model)
    assert shown.items == tuple(one.item for one in slate.items)
    assert shown.sources == tuple(one.source for one in slate.items)
    assert "ana" not in str(shown)
