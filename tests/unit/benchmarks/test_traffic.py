import msgspec
import pytest

from benchmarks.traffic import event_requests, get, message, messages, slate_requests
from benchmarks.workload import Shape, events
from retail.events import BeaconSighted, Channel, OrderCompleted
from retail.wire import refine
from tests.shop import NOON

SHAPE = Shape(customers=20, items=50, stores=2, zones=3)


def test_what_is_sent_is_read_as_the_event_it_was_made_from() -> None:
    for event in events(SHAPE, 500, NOON):
        read = refine(msgspec.json.encode(message(event, "")), Channel.APP, NOON)
        assert read == msgspec.structs.replace(event, channel=Channel.APP, received=NOON)


def test_every_kind_of_event_is_sent() -> None:
    kinds = {type(event) for event in events(SHAPE, 500, NOON)}
    assert {OrderCompleted, BeaconSighted} < kinds
    assert len(kinds) == len({body["event"] for body in messages(SHAPE, 500, NOON)})


def test_two_runs_send_different_message_ids() -> None:
    first, second = ({body["messageId"] for body in messages(SHAPE, 50, NOON, run)} for run in "ab")
    assert len(first | second) == 100


@pytest.mark.parametrize(("batch", "requests"), [(1, 50), (20, 3), (50, 1)])
def test_no_event_is_left_out_of_the_requests(batch: int, requests: int) -> None:
    made = event_requests(messages(SHAPE, 50, NOON), batch, "key")
    assert len(made) == requests
    assert sum(request.count(b'"messageId"') for request in made) == 50


def test_customers_who_are_there_most_ask_most() -> None:
    asked = slate_requests(SHAPE, 2000, "key")
    busy, quiet = (sum(f"customer={who}&".encode() in each for each in asked) for who in ("customer-0", "customer-19"))
    assert busy > quiet > 0
    assert any(b"&store=store-1 " in each for each in asked)


def test_a_request_names_its_key() -> None:
    assert b"\r\nX-Api-Key: secret\r\n" in get("/livez", "secret")
