import pytest

from retail.errors import EventRefused
from retail.events import (
    ComplaintFiled,
    ComplaintResolved,
    CustomerIdentified,
    Event,
    LoyaltyCardScanned,
    OrderCompleted,
    OrderDelivered,
    OrderShipped,
    ProductAdded,
    ProductReturned,
    ProductViewed,
    SocialMentionHeard,
    SupportContacted,
    SurveyAnswered,
    SurveyKind,
    Tracked,
)
from retail.wire.names import ACTIONS, FIRST_VERSION, SPEC, name_at_end, spec_name
from tests.shop import common
from tests.unit.retail.wire.sender import refined, track

SHARED = common(id="m-1")


@pytest.mark.parametrize("name", SPEC)
def test_a_name_of_the_spec_stays_what_it_is(name: str) -> None:
    assert spec_name(name) == name


@pytest.mark.parametrize(("old", "new"), FIRST_VERSION.items())
def test_a_name_of_the_first_version_is_told_in_the_second(old: str, new: str) -> None:
    assert spec_name(old) == new
    assert new in SPEC


@pytest.mark.parametrize("said", ["product viewed", "PRODUCT VIEWED", "product_viewed", "product-viewed", "view_item"])
def test_spelling_does_not_matter(said: str) -> None:
    assert spec_name(said) == "Product Viewed"


@pytest.mark.parametrize("name", ["", "Checkout Startled", "x" * 100_000, "Producto visto", "💥"])
def test_a_name_of_somebodys_own_stays_their_own(name: str) -> None:
    assert spec_name(name) == name


def test_actions_of_other_formats_are_names_of_the_spec() -> None:
    assert set(ACTIONS.values()) <= set(SPEC)


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("com.example.shop.product_viewed", "Product Viewed"),
        ("com.example.order.completed.v1", "Order Completed"),
        ("com.example.product_viewed.v1.2", "Product Viewed"),
        ("Product Viewed", "Product Viewed"),
        ("com.example.purchase", "Order Completed"),
        ("com.example.invoice.printed", ""),
        ("", ""),
    ],
)
def test_a_type_is_named_by_its_end(type_: str, name: str) -> None:
    assert name_at_end(type_) == name


@pytest.mark.parametrize(
    ("name", "properties", "event"),
    [
        ("viewed_product", {"product_id": "mug"}, ProductViewed(item="mug", **SHARED)),
        ("Wishlist Product Added to Cart", {"product_id": "mug"}, ProductAdded(item="mug", **SHARED)),
        ("purchase", {"order_id": "o-1"}, OrderCompleted(order="o-1", lines=(), **SHARED)),
        ("Viewed Promotion", {}, Tracked(name="Promotion Viewed", **SHARED)),
        ("Loyalty Card Scanned", {"store_id": "madrid"}, LoyaltyCardScanned(store="madrid", **SHARED)),
        ("Support Contacted", {}, SupportContacted(**SHARED)),
        ("Support Contacted", {"ticket_id": 7, "topic": "late"}, SupportContacted(case="7", topic="late", **SHARED)),
        ("Complaint Filed", {"case_id": "c", "order_id": 5}, ComplaintFiled(case="c", order="5", **SHARED)),
        ("Complaint Resolved", {"case_id": "c"}, ComplaintResolved(case="c", **SHARED)),
        ("Survey Answered", {"kind": "NPS", "score": 9}, SurveyAnswered(kind=SurveyKind.NPS, mood=90, **SHARED)),
        ("Survey Answered", {"kind": "csat", "score": 1}, SurveyAnswered(kind=SurveyKind.CSAT, mood=0, **SHARED)),
        (
            "Survey Answered",
            {"kind": "csat", "score": 4, "scale": 7},
            SurveyAnswered(kind=SurveyKind.CSAT, mood=50, **SHARED),
        ),
        ("Social Mention Heard", {"sentiment": -1}, SocialMentionHeard(network="", mood=0, **SHARED)),
        ("Social Mention Heard", {"network": "x"}, SocialMentionHeard(network="x", **SHARED)),
        ("Order Shipped", {"order_id": "o-1"}, OrderShipped(order="o-1", **SHARED)),
        ("Order Delivered", {"order_id": "o-1"}, OrderDelivered(order="o-1", **SHARED)),
        ("Product Returned", {"sku": "mug", "quantity": 2}, ProductReturned(item="mug", quantity=2, **SHARED)),
        ("Customer Record Updated", {"tier": "gold"}, CustomerIdentified(traits={"tier": "gold"}, **SHARED)),
    ],
)
def test_what_is_told_becomes_its_event(name: str, properties: object, event: Event) -> None:
    assert refined(track(name, properties)) == event


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("Complaint Filed", {}, "missing_case"),
        ("Complaint Resolved", {"case_id": ""}, "missing_case"),
        ("Survey Answered", {"kind": "nps"}, "missing_score"),
        ("Survey Answered", {"kind": "nps", "score": 11}, "score_out_of_range"),
        ("Survey Answered", {"kind": "csat", "score": 1, "scale": 1}, "score_out_of_range"),
        ("Survey Answered", {"score": True}, "wrong_type"),
        ("Survey Answered", {"score": 10**400}, "score_out_of_range"),
        ("Survey Answered", {"score": 1.5, "scale": 10**400}, "score_out_of_range"),
        ("Social Mention Heard", {"sentiment": -(10**400)}, "sentiment_out_of_range"),
        ("Product Returned", {"product_id": "mug", "quantity": 10**400}, "quantity_out_of_range"),
        ("Product Added", {"product_id": "mug", "quantity": 10**400}, "quantity_out_of_range"),
        ("Order Completed", {"order_id": "o", "products": [{"sku": "m", "price": 10**400}]}, "price_out_of_range"),
        ("Beacon Sighted", {"rssi": 10**400}, "missing_beacon"),
        ("Social Mention Heard", {"sentiment": 5}, "sentiment_out_of_range"),
        ("Order Shipped", {}, "missing_order"),
        ("Product Returned", {"order_id": "o-1"}, "missing_item"),
        ("Loyalty Card Scanned", {}, "missing_store"),
    ],
)
def test_what_is_missing_is_named(name: str, properties: object, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        refined(track(name, properties))
    assert refused.value.code == code
