"""The token comes back in the properties of what customers do; a sale never fails over it."""

import msgspec
import pytest

from retail.attribution import seal
from retail.errors import EventRefused
from retail.events import (
    Channel,
    Event,
    OfferRedeemed,
    OrderCompleted,
    ProductAdded,
    ProductClicked,
    ProductListViewed,
    ProductViewed,
    Tracked,
)
from retail.policy import EventLimits
from retail.wire.tracks import event_of_track
from tests.shop import NOON, answer

LIMITS = EventLimits(attribution_key=b"secret")
TOKEN = seal(answer(), b"secret")


def track(name: str, **properties: object) -> Event:
    common = {"id": "1", "customer": "ana", "channel": Channel.WEB, "at": NOON, "received": NOON, "consents": None}
    return event_of_track(name, msgspec.Raw(msgspec.json.encode(properties)), common, LIMITS)  # type: ignore[arg-type]


def test_a_list_that_was_viewed_may_name_what_came_on_the_screen() -> None:
    event = track("Product List Viewed", attribution=TOKEN, products=[{"product_id": "lamp"}, {"sku": "mug"}])
    assert isinstance(event, ProductListViewed)
    assert (event.shown, event.items) == (answer(), ("lamp", "mug"))


@pytest.mark.parametrize("name", ["Product Clicked", "select_item", "Product Viewed", "Product Added"])
def test_a_product_comes_with_its_answer(name: str) -> None:
    event = track(name, product_id="lamp", attribution=TOKEN)
    assert isinstance(event, ProductClicked | ProductViewed | ProductAdded)
    assert (event.shown, event.item) == (answer(), "lamp")


def test_a_promotion_is_an_offer_of_its_answer() -> None:
    viewed = track("Promotion Viewed", promotion_id="lamp", attribution=TOKEN)
    clicked = track("Promotion Clicked", promotion_id="lamp", attribution=TOKEN)
    redeemed = track("Offer Redeemed", offer_id="lamp", attribution=TOKEN)
    assert isinstance(viewed, ProductListViewed)
    assert isinstance(clicked, ProductClicked)
    assert isinstance(redeemed, OfferRedeemed)
    assert viewed.shown == clicked.shown == redeemed.shown == answer()
    assert (viewed.items, clicked.item, redeemed.offer) == (("lamp",), "lamp", "lamp")


def test_an_order_may_come_straight_from_an_answer() -> None:
    event = track("Order Completed", order_id="7", products=[{"product_id": "lamp"}], attribution=TOKEN)
    assert isinstance(event, OrderCompleted)
    assert event.shown == answer()


@pytest.mark.parametrize("name", ["Product List Viewed", "Product Clicked"])
def test_without_a_token_it_is_a_sign_of_life(name: str) -> None:
    assert isinstance(track(name, products=[{}]), Tracked)


@pytest.mark.parametrize("name", ["Product List Viewed", "Product Clicked"])
def test_an_impression_with_a_forged_token_is_refused(name: str) -> None:
    with pytest.raises(EventRefused) as refused:
        track(name, product_id="lamp", attribution=seal(answer(), b"guess"))
    assert refused.value.code == "forged_attribution"


@pytest.mark.parametrize("token", ["x", seal(answer(), b"guess")])
def test_a_cart_counts_also_with_a_token_that_is_none(token: str) -> None:
    event = track("Product Added", product_id="lamp", attribution=token)
    assert isinstance(event, ProductAdded)
    assert event.shown is None
