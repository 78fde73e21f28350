"""What a customer buys again and again is due on a day, which is told and rises as it nears."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sentences import why
from recommender.model import Model
from recommender.placed import Spot, slate_for
from recommender.recommend import Query
from recommender.replenishment import EDGE, LONGEST, Cycles, nearness
from retail.catalog import Item
from retail.customers import CustomerState
from retail.reference import Reference
from retail.slates import Due, Recommendation, Source
from tests.shop import DAY, HOUR, ITEMS, NOON, bought, customer_who, shop
from tests.unit.recommender.shelves import trained
from tests.unit.recommender.test_recommend import PURCHASES

SHOP = shop()
MODEL = trained(PURCHASES)


def every(days: int, item: str, times: int = 4, last: int = 0) -> CustomerState:
    """Who bought the item `times` times, the last time `last` days ago."""
    return customer_who(*(bought(item, at=NOON - (last + days * n) * DAY) for n in reversed(range(times))))


def known(state: CustomerState, reference: Reference = SHOP, model: Model = MODEL) -> Cycles:
    return Cycles(state, reference.items, model)


def again(state: CustomerState, at: int = NOON, reference: Reference = SHOP) -> tuple[Recommendation, ...]:
    query = Query(customer="ana", state=state, at=at, placement="buy_again")
    return slate_for(query, Spot(), MODEL, reference).items


def test_an_item_is_due_one_interval_after_the_last_purchase() -> None:
    assert known(every(10, "milk", last=4)).due("milk") == Due(NOON + 6 * DAY, 10, 4)


def test_two_purchases_are_no_habit_nor_is_what_comes_back_after_years() -> None:
    assert known(every(10, "mug", times=2)).due("mug") is None
    assert known(every(LONGEST + 9, "mug", times=3)).due("mug") is None
    assert known(CustomerState()).due("milk") is None


def test_several_receipts_of_one_day_are_one_need() -> None:
    receipts = [bought("milk", at=NOON + n * HOUR, id=f"r{n}") for n in range(4)]
    assert known(customer_who(*receipts)).due("milk") is None


def test_an_item_bought_once_is_due_with_its_category() -> None:
    """Milk of one brand or another: what runs out is milk."""
    brands = [Item(id=f"milk-{n}", name=f"Milk {n}", category="Milk") for n in range(4)]
    reference = shop(items=[*ITEMS, *brands])
    bottles = [bought(f"milk-{n}", at=NOON - (29 - 9 * n) * DAY) for n in range(4)]
    ana = customer_who(*bottles, reference=reference)
    assert known(ana, reference).due("milk-3") == Due(NOON + 7 * DAY, 9, 4, "Milk")


def test_the_categories_that_are_due_are_told_the_next_first() -> None:
    ana = customer_who(
        *(bought("milk", at=NOON - n * 10 * DAY) for n in (3, 2, 1)),
        *(bought("bread", at=NOON - n * 2 * DAY - HOUR) for n in (3, 2, 1)),
        bought("lamp", at=NOON - DAY),
    )
    assert [due.category for due in known(ana).categories_due()] == ["Bread", "Milk"]


def test_buy_again_says_when_and_how_often() -> None:
    [milk] = again(every(10, "milk", last=2))
    assert milk.due == Due(NOON + 8 * DAY, 10, 4)
    assert why(milk, SHOP) == "You buy this about every 10 days: due about 1 December."


def test_of_a_category_it_is_said_so() -> None:
    due = Due(NOON + 8 * DAY, 1, 4, "Milk")
    said = why(Recommendation("milk", 1.0, Source.BOUGHT_BEFORE, due=due), SHOP)
    assert said == "You buy something of Milk every day: due about 1 December."


def test_what_is_due_rises_over_what_was_bought_just_now() -> None:
    """Both as often and for as long; the one bought two days ago comes behind while the other is due."""
    offset = [bought("bread", at=NOON - (2 + 20 * n) * DAY) for n in reversed(range(4))]
    due = [bought("cheese", at=NOON - (20 + 20 * n) * DAY) for n in reversed(range(4))]
    assert [one.item for one in again(customer_who(*sorted((*offset, *due), key=lambda event: event.at)))] == [
        "cheese",
        "bread",
    ]


@given(st.integers(1, 200), st.integers(0, 400), st.integers(0, 400))
def test_it_rises_until_its_day_and_falls_when_long_overdue(every: int, one: int, other: int) -> None:
    due = Due(NOON + every * DAY, every, 5)
    sooner, later = sorted((one, other))
    first, second = nearness(due, NOON + sooner * DAY), nearness(due, NOON + later * DAY)
    if later <= every:
        assert first <= second <= nearness(due, due.at)
    if sooner >= every:
        assert first >= second
    assert 1 <= first <= nearness(due, due.at) == 1 + EDGE


@settings(max_examples=50)
@given(st.lists(st.integers(0, 700), min_size=3, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_late_purchases_come_to_the_same_day(days: list[int], chance: object) -> None:
    events = [bought("milk", at=NOON - day * DAY) for day in days]
    told = known(customer_who(*events)).due("milk")
    chance.shuffle(events)  # type: ignore[attr-defined]
    assert known(customer_who(*events)).due("milk") == told


def test_no_day_is_told_where_there_is_no_model_catalogue_or_customer() -> None:
    cycles = known(CustomerState(), Reference(), Model.empty())
    assert cycles.due("milk") is None
    assert list(cycles.categories_due()) == []
    assert known(every(10, "milk"), Reference(), Model.empty()).due("milk") == Due(NOON + 10 * DAY, 10, 4)
