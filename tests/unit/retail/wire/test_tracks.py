import msgspec
import pytest

from retail.errors import EventRefused
from retail.events import (
    BeaconSighted,
    Channel,
    DeliveryReported,
    DeliveryStatus,
    Event,
    Line,
    OfferRedeemed,
    OrderCompleted,
    ProductAdded,
    ProductDismissed,
    ProductRemoved,
    ProductsSearched,
    ProductViewed,
    StoreEntered,
    StoreExited,
    Tracked,
    ZoneEntered,
    ZoneExited,
)
from tests.shop import DAIRY_BEACON, common
from tests.unit.retail.wire.sender import refined, track

SHARED = common(id="m-1")

FEEDBACK = {"decision_id": "d-1", "offer_id": "welcome"}


def report(status: DeliveryStatus) -> DeliveryReported:
    return DeliveryReported(decision="d-1", offer="welcome", status=status, **SHARED)


@pytest.mark.parametrize(
    ("name", "properties", "event"),
    [
        ("Product Viewed", {"product_id": "mug", "price": "cheap"}, ProductViewed(item="mug", **SHARED)),
        ("Viewed Product", {"sku": "mug"}, ProductViewed(item="mug", **SHARED)),
        ("product viewed", {"product_id": 17}, ProductViewed(item="17", **SHARED)),
        ("Product Viewed", {"product_id": "", "sku": "mug"}, ProductViewed(item="mug", **SHARED)),
        ("Product Added", {"product_id": "mug", "quantity": 2}, ProductAdded(item="mug", quantity=2, **SHARED)),
        ("Added Product", {"id": "mug", "quantity": None}, ProductAdded(item="mug", **SHARED)),
        ("Product Removed", {"product_id": "mug"}, ProductRemoved(item="mug", **SHARED)),
        ("Product Dismissed", {"product_id": "mug"}, ProductDismissed(item="mug", **SHARED)),
        ("product_dismissed", {"sku": "mug"}, ProductDismissed(item="mug", **SHARED)),
        ("Removed Product", {"product_id": "mug"}, ProductRemoved(item="mug", **SHARED)),
        ("Products Searched", {"query": "blue mug"}, ProductsSearched(query="blue mug", **SHARED)),
        ("Searched Products", {"query": "x" * 500}, ProductsSearched(query="x" * 256, **SHARED)),
        ("Store Entered", {"store_id": "madrid"}, StoreEntered(store="madrid", **SHARED)),
        ("Store Exited", {"store": "madrid"}, StoreExited(store="madrid", **SHARED)),
        ("Zone Entered", {"store": "madrid", "zone": "dairy"}, ZoneEntered(store="madrid", zone="dairy", **SHARED)),
        ("Zone Exited", {"store_id": 7, "zone_id": 1}, ZoneExited(store="7", zone="1", **SHARED)),
        ("Push Notification Tapped", FEEDBACK, report(DeliveryStatus.OPENED)),
        ("Push Notification Opened", FEEDBACK, report(DeliveryStatus.OPENED)),
        ("Push Notification Dismissed", FEEDBACK, report(DeliveryStatus.DISMISSED)),
        ("Coupon Redeemed", FEEDBACK, report(DeliveryStatus.REDEEMED)),
        ("Offer Redeemed", FEEDBACK, report(DeliveryStatus.REDEEMED)),
        ("Push Notification Tapped", {"campaign": {}}, Tracked(name="Push Notification Tapped", **SHARED)),
        ("Offer Redeemed", {"offer_id": "welcome"}, OfferRedeemed(offer="welcome", **SHARED)),
        ("Coupon Redeemed", {"offer_id": 7, "attribution": "torn"}, OfferRedeemed(offer="7", **SHARED)),
        ("Coupon Redeemed", {"coupon": "X"}, Tracked(name="Coupon Redeemed", **SHARED)),
        ("Promotion Viewed", {"promotion_id": "summer"}, Tracked(name="Promotion Viewed", **SHARED)),
        ("Checkout Started", {"value": [1, {"a": None}]}, Tracked(name="Checkout Started", **SHARED)),
    ],
)
def test_a_name_of_the_spec_becomes_its_event(name: str, properties: object, event: Event) -> None:
    assert refined(track(name, properties)) == event


def test_an_order_has_lines_in_minor_units() -> None:
    products = [
        {"product_id": "mug", "quantity": 2, "price": 12.99},
        {"sku": "milk", "price": 1},
        {"product_id": "lamp"},
    ]
    raw = track("Order Completed", {"order_id": "o-1", "store_id": "madrid", "products": products})
    expected = (Line("mug", 2, 1299), Line("milk", 1, 100), Line("lamp", 1, 0))
    assert refined(raw, Channel.STORE) == OrderCompleted(
        order="o-1", lines=expected, store="madrid", **common(id="m-1", channel=Channel.STORE)
    )


def test_an_order_without_a_store_was_not_in_a_store() -> None:
    event = refined(track("Completed Order", {"order_id": 5, "products": [{"product_id": "mug"}]}))
    assert isinstance(event, OrderCompleted)
    assert (event.order, event.store) == ("5", None)


@pytest.mark.parametrize(
    "properties",
    [
        {"beacon": DAIRY_BEACON, "rssi": -61.5},
        {"beacon": DAIRY_BEACON.upper(), "rssi": -61.5},
        {"beacon": DAIRY_BEACON.replace("-", ""), "rssi": -61.5},
        {"uuid": DAIRY_BEACON.partition(":")[0], "major": 1, "minor": 1, "rssi": -61.5},
        {"uuid": DAIRY_BEACON.partition(":")[0], "major": "1", "minor": "1", "rssi": -61.5},
    ],
)
def test_a_beacon_is_the_same_however_it_is_written(properties: object) -> None:
    assert refined(track("Beacon Sighted", properties)) == BeaconSighted(beacon=DAIRY_BEACON, rssi=-61.5, **SHARED)


@pytest.mark.parametrize("rssi", [0, 127, None, -500])
def test_a_receiver_that_could_not_measure_has_no_signal_strength(rssi: object) -> None:
    event = refined(track("Beacon Sighted", {"beacon": DAIRY_BEACON, "rssi": rssi}))
    assert isinstance(event, BeaconSighted)
    assert event.rssi is None


LINE = {"product_id": "mug"}


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("Product Viewed", {}, "missing_item"),
        ("Product Viewed", {"product_id": None, "sku": ""}, "missing_item"),
        ("Product Viewed", {"product_id": True}, "wrong_type"),
        ("Product Viewed", {"product_id": ["mug"]}, "wrong_type"),
        ("Product Viewed", [], "wrong_type"),
        ("Product Viewed", "mug", "wrong_type"),
        ("Product Viewed", {"product_id": "a\nb"}, "malformed_id"),
        ("Product Viewed", {"product_id": "x" * 257}, "malformed_id"),
        ("Product Added", {**LINE, "quantity": 0}, "quantity_out_of_range"),
        ("Product Added", {**LINE, "quantity": -1}, "quantity_out_of_range"),
        ("Product Added", {**LINE, "quantity": 10**15}, "quantity_out_of_range"),
        ("Product Added", {**LINE, "quantity": True}, "wrong_type"),
        ("Product Added", {**LINE, "quantity": "2"}, "wrong_type"),
        ("Product Added", {**LINE, "quantity": 1.5}, "wrong_type"),
        ("Order Completed", {"products": [LINE]}, "missing_order"),
        ("Order Completed", {"order_id": "o", "products": [LINE, {}]}, "missing_item"),
        ("Order Completed", {"order_id": "o", "products": [LINE] * 201}, "too_many_lines"),
        ("Order Completed", {"order_id": "o", "products": [{**LINE, "price": -1}]}, "price_out_of_range"),
        ("Order Completed", {"order_id": "o", "products": [{**LINE, "price": 1e300}]}, "price_out_of_range"),
        ("Order Completed", {"order_id": "o", "products": [{**LINE, "price": "1"}]}, "wrong_type"),
        ("Order Completed", {"order_id": "o", "products": LINE}, "wrong_type"),
        ("Store Entered", {}, "missing_store"),
        ("Store Entered", {"store": ""}, "missing_store"),
        ("Zone Entered", {"store": "madrid"}, "missing_zone"),
        ("Beacon Sighted", {"uuid": "x", "major": 1}, "missing_beacon"),
        ("Beacon Sighted", {"beacon": DAIRY_BEACON, "rssi": "loud"}, "wrong_type"),
    ],
)
def test_wrong_properties_are_refused_with_a_code(name: str, properties: object, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        refined(track(name, properties))
    assert refused.value.code == code


def test_a_refusal_says_which_line_was_wrong() -> None:
    with pytest.raises(EventRefused, match=r"products\[1\]"):
        refined(track("Order Completed", {"order_id": "o", "products": [LINE, {"name": "?"}]}))


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_are_refused(number: bytes) -> None:
    raw = track("Order Completed", {"order_id": "o", "products": [{**LINE, "price": 1}]}).replace(
        b'"price": 1', b'"price": ' + number
    )
    assert number in raw
    with pytest.raises(EventRefused) as refused:
        refined(raw)
    assert refused.value.code in {"wrong_type", "malformed_json"}


def test_properties_that_are_null_count_as_none() -> None:
    event = refined(track("Whatever").replace(b'{"product_id": "mug"}', b"null"))
    assert event == Tracked(name="Whatever", **SHARED)
    assert msgspec.json.decode(track("Whatever"))["properties"] == {"product_id": "mug"}
