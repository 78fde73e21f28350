import gzip

import msgspec
import pytest

from streams.topics import APP, SERVICE, STORE, WEB
from tests.unit.gateway.running import Running


def viewed(customer: object = "42", **more: object) -> dict[str, object]:
    event = {"type": "track", "event": "Product Viewed", "userId": customer, "messageId": "m-1"}
    return {**event, "properties": {"product_id": "mug"}, **more}


async def test_an_accepted_event_is_answered_exactly_200(gateway: Running) -> None:
    answer = await gateway.post("/v1/track", viewed())
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')


@pytest.mark.parametrize(
    ("key", "topic"), [("site", WEB.name), ("app", APP.name), ("store", STORE.name), ("admin", SERVICE.name)]
)
async def test_a_key_writes_to_its_own_channel(gateway: Running, key: str, topic: str) -> None:
    await gateway.post("/v1/batch", {"batch": [viewed()]}, key)
    assert [record.topic for record in gateway.kafka.records] == [topic]


async def test_a_till_may_write_for_the_contact_centre_and_a_site_may_not(gateway: Running) -> None:
    chosen = {"x-caudal-channel": "service"}
    assert (await gateway.post("/v1/track", viewed(), "store", **chosen)).status_code == 200
    refused = await gateway.post("/v1/track", viewed(), "site", **chosen)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_scope")
    assert [record.topic for record in gateway.kafka.records] == [SERVICE.name]


async def test_a_channel_that_does_not_exist_is_named(gateway: Running) -> None:
    answer = await gateway.post("/v1/track", viewed(), "admin", **{"x-caudal-channel": "fax"})
    assert answer.status_code == 400
    assert "fax" in answer.json()["message"]


async def test_a_complete_event_is_stored_as_its_sender_wrote_it(gateway: Running) -> None:
    raw = b'{ "userId" : "42", "type":"track",  "event":"Product Viewed", "messageId":"m", "zeta": 1.50 }'
    await gateway.post("/v1/batch", b'{"batch":[ ' + raw + b" ]}")
    assert gateway.kafka.records[0].value == raw


async def test_an_event_is_keyed_by_its_strongest_identifier(gateway: Running) -> None:
    batch = [
        viewed("42", anonymousId="a", loyaltyCard="c"),
        viewed(None, anonymousId="a", loyaltyCard="c"),
        viewed("", anonymousId="a"),
        viewed(None, anonymousId="a", context={"loyaltyCard": "inside"}),
        viewed(None, anonymousId="a", context={"emailHash": "e", "device": {"id": "d"}}),
        viewed(None, context={"device": {"id": "d"}}),
    ]
    await gateway.post("/v1/batch", {"batch": batch})
    assert [record.key for record in gateway.kafka.records] == [
        b"42",
        b"card:c",
        b"anonymous:a",
        b"card:inside",
        b"email:e",
        b"device:d",
    ]


async def test_what_the_batch_says_once_counts_for_events_that_do_not_say_it(gateway: Running) -> None:
    own = viewed(sentAt="2026-11-23T10:00:00Z", context={"locale": "es"})
    shared = {"batch": [viewed(), own], "sentAt": "2026-11-23T12:00:00Z", "context": {"locale": "en"}}
    await gateway.post("/v1/batch", shared)
    first, second = gateway.kafka.events(WEB.name)
    assert (first["sentAt"], first["context"]) == ("2026-11-23T12:00:00Z", {"locale": "en"})
    assert (second["sentAt"], second["context"]) == ("2026-11-23T10:00:00Z", {"locale": "es"})


@pytest.mark.parametrize("absent", [{"messageId": None}, {"messageId": ""}])
async def test_an_event_without_a_message_id_gets_one_of_its_own(
    gateway: Running, absent: dict[str, str | None]
) -> None:
    await gateway.post("/v1/batch", {"batch": [viewed(**absent), viewed(**absent)]})
    first, second = (event["messageId"] for event in gateway.kafka.events(WEB.name))
    assert isinstance(first, str)
    assert len(first) == 36
    assert first != second


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/track", "track"),
        ("/v1/t", "track"),
        ("/v1/identify", "identify"),
        ("/v1/i", "identify"),
        ("/v1/page", "page"),
        ("/v1/p", "page"),
        ("/v1/screen", "screen"),
        ("/v1/s", "screen"),
        ("/v1/group", "group"),
        ("/v1/g", "group"),
        ("/v1/alias", "alias"),
        ("/v1/a", "alias"),
    ],
)
async def test_the_path_says_what_kind_of_event_it_is(gateway: Running, path: str, kind: str) -> None:
    assert (await gateway.post(path, {"userId": "42"})).status_code == 200
    assert gateway.kafka.events(WEB.name)[0]["type"] == kind


async def test_an_event_is_stored_with_the_time_it_arrived(gateway: Running) -> None:
    await gateway.post("/v1/track", viewed(timestamp="2001-01-01T00:00:00Z"))
    stamped = gateway.kafka.records[0].timestamp
    assert stamped is not None
    assert stamped > 1_700_000_000_000


async def test_one_bad_event_never_fails_its_batch(gateway: Running) -> None:
    bad: list[object] = [viewed(None), 7, None, "text", viewed(["list"]), viewed("x" * 257), viewed("a\nb"), {}]
    answer = await gateway.post("/v1/batch", {"batch": [viewed("1"), *bad, viewed("2")]})
    assert answer.status_code == 200
    assert [event["userId"] for event in gateway.kafka.events(WEB.name)] == ["1", "2"]
    reasons = [reject.reason for reject in gateway.kafka.rejects()]
    malformed = ["malformed_id", "malformed_id"]
    assert reasons == ["missing_id", "wrong_type", "wrong_type", "wrong_type", "wrong_type", *malformed, "missing_id"]


async def test_a_reject_tells_its_bytes_its_route_its_reason_and_its_sender(gateway: Running) -> None:
    await gateway.post("/v1/batch", b'{"batch":[{"event": "Product Viewed" }]}')
    (reject,) = gateway.kafka.rejects()
    assert reject.raw_bytes() == b'{"event": "Product Viewed" }'
    assert (reject.source, reject.reason) == ("http /v1/batch", "missing_id")
    assert reject.sender.startswith("site:")
    assert "site-key" not in reject.sender
    assert reject.at > 0


def with_time(raw: bytes) -> bytes:
    return raw[:-1] + b',"sentAt":"now"}'


@pytest.mark.parametrize("poison", [rb'"\ud83d"', b"NaN", b"-Infinity", b'"\xff\xfe"', b'"tab\tinside"', b"1e999"])
async def test_what_strict_json_refuses_costs_only_its_own_event(gateway: Running, poison: bytes) -> None:
    good = msgspec.json.encode(viewed("1"))
    bad = b'{"type":"track","event":"Product Viewed","userId":"2","properties":{"product_id":' + poison + b"}}"
    answer = await gateway.post("/v1/batch", b'{"sentAt":"now","batch":[' + good + b" , " + bad + b"," + good + b"]}")
    assert answer.status_code == 200
    assert [record.value for record in gateway.kafka.records if record.key == b"1"] == [with_time(good)] * 2
    assert len(gateway.kafka.records) == 3


async def test_an_unusable_single_event_is_refused_and_kept_among_the_rejects(gateway: Running) -> None:
    answer = await gateway.post("/v1/track", viewed(None))
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_id")
    assert [reject.reason for reject in gateway.kafka.rejects()] == ["missing_id"]


async def test_an_event_that_is_too_large_is_rejected_and_its_beginning_kept(gateway: Running) -> None:
    large = viewed("1", properties={"text": "x" * 40_000})
    assert (await gateway.post("/v1/batch", {"batch": [large, viewed("2")]})).status_code == 200
    (reject,) = gateway.kafka.rejects()
    assert reject.reason == "event_too_large"
    assert len(reject.raw_bytes()) < 40_000
    assert len(gateway.kafka.events(WEB.name)) == 1


async def test_an_empty_batch_is_accepted(gateway: Running) -> None:
    assert (await gateway.post("/v1/batch", {"batch": []})).status_code == 200
    assert gateway.kafka.records == []


async def test_events_that_kafka_did_not_take_are_sent_again_later(gateway: Running) -> None:
    gateway.kafka.down = True
    answer = await gateway.post("/v1/batch", {"batch": [viewed()]})
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_gzipped_body_is_read_whatever_its_content_type_says(gateway: Running) -> None:
    body = gzip.compress(msgspec.json.encode({"batch": [viewed()]}))
    answer = await gateway.post(
        "/v1/batch",
        body,
        **{"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    assert len(gateway.kafka.records) == 1


async def test_a_key_in_the_body_is_enough(gateway: Running) -> None:
    assert (await gateway.post("/v1/b", {"batch": [viewed()], "writeKey": "app-key"}, "")).status_code == 200
    assert (await gateway.post("/v1/t", viewed(writeKey="site-key"), "")).status_code == 200
    assert [record.topic for record in gateway.kafka.records] == [APP.name, WEB.name]


@pytest.mark.parametrize("body", [{"batch": []}, {"batch": [], "writeKey": "no"}, {"batch": [], "writeKey": 5}])
async def test_a_body_without_a_known_key_is_refused(gateway: Running, body: object) -> None:
    answer = await gateway.post("/v1/batch", body, "")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
