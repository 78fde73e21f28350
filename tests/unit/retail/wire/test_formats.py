"""Other formats become events of ours: what they say, whom they name, and what is refused."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.errors import EventRefused
from retail.events import (
    Channel,
    CustomerIdentified,
    Event,
    Line,
    OrderCompleted,
    ProductAdded,
    ProductsSearched,
    ProductViewed,
    Tracked,
)
from retail.wire import cloudevents, measurement, refine, snowplow
from tests.shop import NOON
from tests.unit.retail.wire.sender import iso

ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/{}/jsonschema/1-0-0"


def read(messages: list[bytes]) -> list[Event]:
    return [refine(raw, Channel.WEB, NOON, unnamed="unnamed") for raw in messages]


def cloud(type_: str = "com.example.product_viewed", data: object = None, **attributes: object) -> bytes:
    given = {"product_id": "mug"} if data is None else data
    event = {"specversion": "1.0", "id": "1", "source": "/pos/7", "type": type_, "data": given, "time": iso(NOON)}
    return json.dumps({"partitionkey": "ana", **event, **attributes}).encode()


def of_cloud(raw: bytes) -> Event:
    return read([cloudevents.structured(raw)])[0]


def measured(*events: Mapping[str, object], **more: object) -> list[Event]:
    body = json.dumps({"client_id": "web-1", "timestamp_micros": NOON * 1000, **more, "events": events}).encode()
    request = measurement.open_measurement(body)
    return read([message for raw in request.events for message in measurement.measured(bytes(raw), request)])


def described(schema: str, data: object) -> dict[str, object]:
    return {"schema": schema, "data": data}


def row(kind: str = "pv", **fields: str) -> bytes:
    return json.dumps({"e": kind, "eid": "e-1", "uid": "ana", "duid": "web-1", "dtm": str(NOON), **fields}).encode()


def told(schema: str, data: object, *entities: dict[str, object]) -> list[Event]:
    """A self-describing event, encoded as trackers do, with its contexts."""
    outer = described("iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", described(schema, data))
    contexts = described("iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1", list(entities))
    encoded = b64encode(json.dumps(outer).encode()).decode()
    return read(snowplow.tracked(row("ue", ue_px=encoded, co=json.dumps(contexts))))


# --- CloudEvents ------------------------------------------------------------------------------------------------


def test_a_cloud_event_is_named_by_its_type_and_told_apart_by_source_and_id() -> None:
    event = of_cloud(cloud())
    assert isinstance(event, ProductViewed)
    assert (event.item, event.customer, event.id, event.at) == ("mug", "ana", "/pos/7#1", NOON)


def test_the_customer_is_named_in_the_data_before_the_attributes_and_the_subject_last() -> None:
    named = {"product_id": "mug", "userId": "in-data"}
    assert of_cloud(cloud(data=named, userid="attribute")).customer == "in-data"
    assert of_cloud(cloud(userid="attribute")).customer == "attribute"
    assert of_cloud(cloud(subject="subject")).customer == "ana"
    assert of_cloud(cloud(subject="subject", partitionkey=None)).customer == "subject"
    assert of_cloud(cloud(anonymousid="phone", partitionkey="p-1")).customer == "anonymous:phone"


def test_data_in_the_segment_shape_is_taken_as_it_is() -> None:
    data = {
        "type": "track",
        "event": "Product Added",
        "messageId": "m-9",
        "userId": "bea",
        "properties": {"sku": "mug"},
    }
    event = of_cloud(cloud("com.example.tracking", data))
    assert isinstance(event, ProductAdded)
    assert (event.id, event.customer) == ("m-9", "bea")


def test_a_type_may_be_an_identify() -> None:
    event = of_cloud(cloud("com.example.crm.identify", {"tier": "gold"}))
    assert isinstance(event, CustomerIdentified)
    assert event.traits == {"tier": "gold"}


def test_a_type_that_says_nothing_to_us_is_a_sign_of_life() -> None:
    event = of_cloud(cloud("com.example.invoice.printed"))
    assert isinstance(event, Tracked)
    assert event.name == "com.example.invoice.printed"


def test_binary_mode_says_the_same_as_structured() -> None:
    attributes = {"specversion": "1.0", "id": "1", "source": "/pos/7", "type": "product_viewed", "partitionkey": "ana"}
    raw = cloudevents.as_structured({**attributes, "time": iso(NOON)}, b'{"product_id": "mug"}')
    assert of_cloud(raw) == of_cloud(cloud("product_viewed"))


def test_data_in_base64_is_read() -> None:
    raw = json.loads(cloud()) | {"data_base64": b64encode(b'{"product_id": "lamp"}').decode()}
    del raw["data"]
    event = of_cloud(json.dumps(raw).encode())
    assert isinstance(event, ProductViewed)
    assert event.item == "lamp"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (cloud(id=""), "missing_attribute"),
        (cloud(source=None), "wrong_type"),
        (cloud(specversion="0.3"), "unknown_version"),
        (cloud(data=[1]), "wrong_type"),
        (cloud(data={}), "missing_item"),
        (cloud(partitionkey=None), "missing_id"),
        (cloud(data_base64="%"), "malformed_json"),
        (b"{", "malformed_json"),
        (b"[]", "wrong_type"),
    ],
)
def test_a_cloud_event_that_is_none_says_why(raw: bytes, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        of_cloud(raw)
    assert refused.value.code == code


# --- Measurement Protocol ---------------------------------------------------------------------------------------


def test_each_item_of_a_list_is_an_event_of_its_own() -> None:
    events = measured(
        {"name": "add_to_cart", "params": {"items": [{"item_id": "mug", "quantity": 2}, {"item_id": "lamp"}]}}
    )
    assert [(event.item, event.quantity) for event in events if isinstance(event, ProductAdded)] == [
        ("mug", 2),
        ("lamp", 1),
    ]
    assert len({event.id for event in events}) == 2
    assert {event.customer for event in events} == {"anonymous:web-1"}


def test_a_purchase_is_an_order_with_its_lines() -> None:
    items = [{"item_id": "mug", "price": 12.99, "quantity": 2}, {"item_id": "milk"}]
    (event,) = measured({"name": "purchase", "params": {"transaction_id": "t-1", "items": items}}, user_id="ana")
    assert isinstance(event, OrderCompleted)
    assert (event.order, event.customer, event.at) == ("t-1", "ana", NOON)
    assert event.lines == (Line("mug", 2, 1299), Line("milk", 1, 0))


def test_a_search_has_its_words() -> None:
    (event,) = measured({"name": "search", "params": {"search_term": "blue mug"}})
    assert isinstance(event, ProductsSearched)
    assert event.query == "blue mug"


def test_a_retry_has_the_same_id_and_another_event_another() -> None:
    view = {"name": "view_item", "params": {"items": [{"item_id": "mug"}]}}
    first, again = measured(view), measured(view)
    later = measured({**view, "timestamp_micros": str(NOON * 1000 - 1)})
    assert first == again
    assert later[0].id != first[0].id


def test_a_page_view_and_an_event_of_ones_own_are_signs_of_life() -> None:
    events = measured({"name": "page_view", "params": {"page_title": "Home"}}, {"name": "tutorial_begin"})
    assert [event.name for event in events if isinstance(event, Tracked)] == ["Home", "tutorial_begin"]


# --- Snowplow ---------------------------------------------------------------------------------------------------


def test_an_ecommerce_action_is_about_the_products_in_its_contexts() -> None:
    products = [described(ECOMMERCE.format("product"), {"id": item, "price": 5}) for item in ("mug", "lamp")]
    events = told(ECOMMERCE.format("snowplow_ecommerce_action"), {"type": "product_view"}, *products)
    assert [event.item for event in events if isinstance(event, ProductViewed)] == ["mug", "lamp"]
    assert [event.id for event in events] == ["e-1", "e-1.1"]


def test_a_transaction_is_an_order() -> None:
    entities = [
        described(ECOMMERCE.format("product"), {"id": "mug", "price": 5, "quantity": 2}),
        described(ECOMMERCE.format("transaction"), {"transaction_id": "t-1", "revenue": 10}),
    ]
    (event,) = told(ECOMMERCE.format("snowplow_ecommerce_action"), {"type": "transaction"}, *entities)
    assert isinstance(event, OrderCompleted)
    assert (event.order, event.lines) == ("t-1", (Line("mug", 2, 500),))


def test_a_schema_of_the_shops_own_is_named_as_the_spec_would() -> None:
    (event,) = told("iglu:com.shop/product_viewed/jsonschema/1-0-0", {"product_id": "mug"})
    assert isinstance(event, ProductViewed)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (row("pv", page="Shoe"), "Shoe"),
        (row("se", se_ca="shop", se_ac="add"), "shop add"),
        (row("pp"), "Page Pinged"),
        (row("tr"), "Transaction Tracked"),
    ],
)
def test_other_rows_are_signs_of_life(raw: bytes, name: str) -> None:
    (event,) = read(snowplow.tracked(raw))
    assert isinstance(event, Tracked)
    assert (event.name, event.customer, event.at, event.id) == (name, "ana", NOON, "e-1")


def test_a_query_says_the_same_as_a_row() -> None:
    raw = snowplow.row_of(f"e=pv&page=Shoe%20shop&eid=e-1&uid=ana&dtm={NOON}".encode())
    (event,) = read(snowplow.tracked(raw))
    assert isinstance(event, Tracked)
    assert event.name == "Shoe shop"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (row("xx"), "unknown_message_type"),
        (row("ue"), "missing_event_name"),
        (row("ue", ue_px="%%%"), "malformed_json"),
        (row("ue", ue_pr="{}"), "missing_event_name"),
        (b'{"e": 5}', "wrong_type"),
    ],
)
def test_a_row_that_says_nothing_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        read(snowplow.tracked(raw))
    assert refused.value.code == code


# --- whatever comes ---------------------------------------------------------------------------------------------

REQUEST = measurement.open_measurement(b'{"client_id": "web-1", "events": []}')
DECODERS: dict[str, Callable[[bytes], object]] = {
    "cloudevents": cloudevents.structured,
    "cloudevents batch": cloudevents.open_batch,
    "measurement": measurement.open_measurement,
    "measured": lambda raw: measurement.measured(raw, REQUEST),
    "payload": snowplow.open_payload,
    "row": snowplow.tracked,
    "query": lambda raw: snowplow.tracked(snowplow.row_of(raw)),
    "aid": snowplow.application_of,
}
NAMES = """
    e ue_pr ue_px co cx eid uid dtm schema data id source type specversion data_base64 userId messageId timestamp name
    params items events timestamp_micros
"""
KEYS = st.sampled_from(NAMES.split())
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["ue", "{}", "1.0"])
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=10
)


@pytest.mark.parametrize("name", DECODERS)
@given(raw=st.binary(max_size=60) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_whatever_comes_is_opened_or_refused(name: str, raw: bytes) -> None:
    with suppress(EventRefused):
        DECODERS[name](raw)
