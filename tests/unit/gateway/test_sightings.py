import pytest

from retail.events import BeaconSighted, Channel
from retail.wire import refine
from streams.topics import STORE
from tests.shop import DAIRY_BEACON
from tests.unit.gateway.running import Running

UUID, MAJOR, MINOR = DAIRY_BEACON.split(":")
SIGHTING: dict[str, object] = {"userId": "ana", "beacon": DAIRY_BEACON, "rssi": -61.5, "messageId": "s-1"}


def as_the_worker_reads_them(gateway: Running) -> list[BeaconSighted]:
    written = [record for record in gateway.kafka.records if record.topic == STORE.name]
    events = [refine(record.value or b"", Channel.STORE, record.timestamp or 0) for record in written]
    return [event for event in events if isinstance(event, BeaconSighted)]


@pytest.mark.parametrize("scope", ["app", "store", "admin"])
async def test_a_sighting_becomes_an_event_of_the_store(gateway: Running, scope: str) -> None:
    assert (await gateway.post("/v1/sightings", SIGHTING, scope)).status_code == 200
    (event,) = as_the_worker_reads_them(gateway)
    assert (event.customer, event.beacon, event.rssi, event.id) == ("ana", DAIRY_BEACON, -61.5, "s-1")


@pytest.mark.parametrize(
    "named",
    [
        {"beacon": DAIRY_BEACON.upper()},
        {"uuid": UUID, "major": int(MAJOR), "minor": int(MINOR)},
        {"uuid": UUID.replace("-", "").upper(), "major": MAJOR, "minor": MINOR},
    ],
)
async def test_a_beacon_is_known_however_it_is_spelled(gateway: Running, named: dict[str, object]) -> None:
    await gateway.post("/v1/sightings", {"anonymousId": "phone-7", **named}, "store")
    (event,) = as_the_worker_reads_them(gateway)
    assert (event.customer, event.beacon) == ("anonymous:phone-7", DAIRY_BEACON)


async def test_one_bad_sighting_costs_none_of_the_others(gateway: Running) -> None:
    bad: list[object] = [{"userId": "ana"}, {"beacon": DAIRY_BEACON}, 5, {**SIGHTING, "rssi": "strong"}]
    answer = await gateway.post(
        "/v1/sightings", {"sightings": [SIGHTING, *bad, {**SIGHTING, "userId": "bea"}]}, "store"
    )
    assert answer.status_code == 200
    assert [event.customer for event in as_the_worker_reads_them(gateway)] == ["ana", "bea"]
    reasons = [reject.reason for reject in gateway.kafka.rejects()]
    assert reasons == ["missing_beacon", "missing_id", "wrong_type", "wrong_type"]


async def test_a_bad_sighting_alone_is_refused(gateway: Running) -> None:
    answer = await gateway.post("/v1/sightings", {"userId": "ana"}, "app")
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_beacon")
    assert "uuid" in answer.json()["message"]


async def test_a_sighting_that_is_sent_again_without_an_id_gets_the_same_one(gateway: Running) -> None:
    seen = {"userId": "ana", "beacon": DAIRY_BEACON, "timestamp": "2026-11-23T12:00:00Z"}
    later = {**seen, "timestamp": "2026-11-23T12:00:05Z"}
    for sighting in (seen, seen, later):
        await gateway.post("/v1/sightings", sighting, "app")
    first, again, other = (event.id for event in as_the_worker_reads_them(gateway))
    assert first == again
    assert first != other


async def test_what_a_phone_says_of_itself_stays_with_its_sighting(gateway: Running) -> None:
    await gateway.post("/v1/sightings", {**SIGHTING, "context": {"simulated": True}}, "app")
    assert gateway.kafka.events(STORE.name)[0]["context"] == {"simulated": True}
