"""One customer by any of their identifiers: what they are answered, and what operators may say about them."""

import msgspec
import pytest

from gateway.answers import Continued, Offers, Profile, Recommendations
from retail.correspondence import MergeOrdered, SplitOrdered
from retail.customers import CustomerState, Identity, encode_state
from retail.events import decode_event
from retail.links import Link, Standing
from streams.topics import CUSTOMER_EVENTS
from streams.topics.partitions import partition_of
from tests.shop import MINUTE, NOON, added, consented, customer_who, viewed
from tests.unit.gateway.running import SETTINGS, Running

LINK = Link(Standing.LINKED, 1, NOON, "m-1", NOON)
ANA = msgspec.structs.replace(
    customer_who(viewed("cheese"), added("mug", NOON + MINUTE), consented()),
    identity=Identity(links={"anonymous:site": LINK, "card:7": LINK}),
)
ALIAS = CustomerState(identity=Identity(root="ana"))


@pytest.fixture
async def ana(gateway: Running) -> Running:
    """Known as a user, under a browser and a card."""
    await gateway.know("ana", encode_state(ANA))
    await gateway.know("anonymous:site", encode_state(ALIAS))
    await gateway.know("card:7", encode_state(ALIAS))
    return gateway


ANY = [
    "customer=ana",
    "userId=ana",
    "anonymousId=site",
    "loyaltyCard=7",
    "customer=card:7",
    "customer=site",
    "customer=7",
]


@pytest.mark.parametrize("query", ANY)
async def test_any_identifier_of_a_customer_gets_their_recommendations(ana: Running, query: str) -> None:
    answer = await ana.get(f"/v1/recommendations?{query}")
    assert msgspec.json.decode(answer.content, type=Recommendations).version == 3


@pytest.mark.parametrize("query", ANY)
async def test_any_identifier_of_a_customer_gets_their_offers(ana: Running, query: str) -> None:
    answer = await ana.get(f"/v1/offers?{query}")
    assert msgspec.json.decode(answer.content, type=Offers).offers


async def test_an_answer_names_whoever_was_asked_for(ana: Running) -> None:
    """Who knows a browser's id must not learn whose it is."""
    for path in ("recommendations", "offers", "inbox", "session"):
        assert "ana" not in (await ana.get(f"/v1/{path}?anonymousId=site")).text


async def test_any_identifier_of_a_customer_opens_their_inbox(ana: Running) -> None:
    place = partition_of("ana", SETTINGS.customer_partitions)
    await ana.state.post(place, "ana", "d-1", b'{"title":"hello"}')
    assert "hello" in (await ana.get("/v1/inbox?loyaltyCard=7")).text


async def test_what_was_begun_on_the_site_is_there_in_the_app_and_at_the_till(ana: Running) -> None:
    for query, key in (("userId=ana", "app"), ("loyaltyCard=7", "store"), ("anonymousId=site", "site")):
        answer = await ana.get(f"/v1/session?{query}", key)
        session = msgspec.json.decode(answer.content, type=Continued)
        assert (session.cart, session.identifiers) == ({"mug": 1}, 2)
        assert session.session is not None
        assert session.session.where == "web"


async def test_a_site_key_reads_no_session_by_a_user_id(ana: Running) -> None:
    answer = await ana.get("/v1/session?customer=ana", "site")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


async def test_without_redis_no_session_is_told(gateway: Running) -> None:
    gateway.state.down = True
    answer = await gateway.get("/v1/session?customer=ana")
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")


async def test_an_operator_sees_whose_an_identifier_is_and_why(ana: Running) -> None:
    shown = msgspec.json.decode((await ana.get("/v1/customers?loyaltyCard=7", "admin")).content, type=Profile)
    assert (shown.asked, shown.customer, shown.events) == ("card:7", "ana", 3)
    assert {one.identifier: (one.standing, one.source) for one in shown.identifiers} == {
        "anonymous:site": ("linked", "m-1"),
        "card:7": ("linked", "m-1"),
    }


@pytest.mark.parametrize("pair", [("ana", "card:7"), ("card:7", "ana")])
async def test_a_merge_goes_to_the_stronger_of_the_two(gateway: Running, pair: tuple[str, str]) -> None:
    order = {"customer": pair[0], "identifier": pair[1], "actor": "eve"}
    assert (await gateway.post("/v1/customers/merge", order, "admin")).status_code == 200
    [record] = gateway.kafka.records
    event = decode_event(record.value or b"")
    assert isinstance(event, MergeOrdered)
    assert (event.customer, event.of, event.actor) == ("ana", "card:7", "eve")
    assert (record.topic, record.key, record.headers) == (CUSTOMER_EVENTS.name, b"ana", (("origin", b"none"),))


async def test_a_split_goes_to_the_identifier_and_is_signed_with_the_key(gateway: Running) -> None:
    assert (await gateway.post("/v1/customers/split", {"identifier": "card:7"}, "admin")).status_code == 200
    event = decode_event(gateway.kafka.records[0].value or b"")
    assert isinstance(event, SplitOrdered)
    assert (event.customer, event.actor.partition(":")[0]) == ("card:7", "admin")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("merge", {"customer": "ana", "identifier": "ana"}, "self_alias"),
        ("merge", {"customer": "ana", "identifier": "a\x00b"}, "malformed_id"),
        ("merge", {"customer": "ana"}, "malformed_json"),
        ("split", b"{", "malformed_json"),
        ("split", {"identifier": "x" * 5000}, "body_too_large"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(gateway: Running, path: str, body: object, code: str) -> None:
    answer = await gateway.post(f"/v1/customers/{path}", body, "admin")
    assert answer.json()["code"] == code
    assert gateway.kafka.records == []


@pytest.mark.parametrize("key", ["site", "app", "store"])
async def test_only_operators_merge_and_split(gateway: Running, key: str) -> None:
    assert (await gateway.post("/v1/customers/split", {"identifier": "card:7"}, key)).status_code == 403


async def test_while_kafka_is_down_no_order_is_accepted(gateway: Running) -> None:
    gateway.kafka.down = True
    answer = await gateway.post("/v1/customers/split", {"identifier": "card:7"}, "admin")
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
