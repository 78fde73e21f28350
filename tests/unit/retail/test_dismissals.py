"""What a customer waves away is remembered once an item, in whatever order and under whatever identifiers it comes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from retail.catalog import category_key, item_key
from retail.customers import EMPTY, CustomerState
from retail.dismissals import Dismissal, dismissals, united
from retail.events import ProductDismissed
from retail.journey import advance
from retail.policy import JourneyPolicy
from tests.shop import NOON, SECOND, customer_who, dismissed, shop

SHOP = shop()
FEW = JourneyPolicy(dismissals=3)
ITEMS = ("mug", "lamp", "milk", "bread", "cheese", "croissant")

waved = st.lists(
    st.builds(lambda item, second: dismissed(item, NOON + second * SECOND), st.sampled_from(ITEMS), st.integers(0, 40)),
    max_size=12,
)


def told(events: list[ProductDismissed], policy: JourneyPolicy = FEW) -> bytes:
    state: CustomerState = EMPTY
    for event in events:
        state = advance(state, event, SHOP, policy).state
    return state.dismissed


def test_an_item_is_kept_with_its_category_and_the_last_time() -> None:
    state = customer_who(dismissed("mug", NOON + SECOND), dismissed("mug", NOON))
    assert list(dismissals(state.dismissed)) == [Dismissal(item_key("mug"), category_key("Kitchen"), NOON // 1000 + 1)]


def test_what_the_shop_does_not_have_cannot_be_waved_away() -> None:
    assert advance(EMPTY, dismissed("nobody-sells-this"), SHOP, FEW).rejected == "unknown_item"


@settings(max_examples=60)
@given(waved, st.randoms(use_true_random=False))
def test_whatever_the_order_the_newest_are_known(events: list[ProductDismissed], chance: object) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert told(shuffled) == told(events)
    assert len(list(dismissals(told(events)))) <= FEW.dismissals


@settings(max_examples=60)
@given(waved, st.integers(0, 12))
def test_two_profiles_know_together_what_one_would_know(events: list[ProductDismissed], cut: int) -> None:
    one, other = told(events[:cut]), told(events[cut:])
    assert united(one, other, 3) == united(other, one, 3) == told(events)
