import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.errors import EventRefused
from retail.wire.tags import Heard, heard, tag_id
from tests.shop import NOON
from tests.unit.retail.wire.sender import iso

UUID = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"


def payload(*devices: dict[str, object], alone: bool = False) -> bytes:
    return json.dumps(devices[0] if alone else devices).encode()


@pytest.mark.parametrize(
    ("topic", "sent", "expected"),
    [
        (
            "espresense/devices/iBeacon:f7826da6/dairy",
            payload({"mac": "aabbccddeeff", "id": f"iBeacon:{UUID}-1-7", "rssi": -63.1, "distance": 1.42}, alone=True),
            Heard(f"{UUID}:1:7", "gateway:dairy", -63.1),
        ),
        (
            "espresense/devices/eddy/dairy",
            payload({"id": "eddy:00112233445566778899-aabbccddeeff", "rssi": -70}, alone=True),
            Heard("eddy:00112233445566778899:aabbccddeeff", "gateway:dairy", -70.0),
        ),
        (
            "home/OMG_dairy/BTtoMQTT/6087574C9BC2",
            payload({"id": "60:87:57:4C:9B:C2", "rssi": -78, "distance": 7.8, "mac_type": 1}, alone=True),
            Heard("6087574c9bc2", "gateway:omg_dairy", -78.0),
        ),
        (
            "home/OMG_dairy/BTtoMQTT/1de4",
            payload(
                {"id": "60:87:57:4C:9B:C2", "rssi": -78, "uuid": UUID.replace("-", ""), "major": 0, "minor": 0},
                alone=True,
            ),
            Heard(f"{UUID}:0:0", "gateway:omg_dairy", -78.0),
        ),
        (
            "/gw/AC233FC00001/status",
            payload(
                {"timestamp": iso(NOON), "type": "Gateway", "mac": "AC233FC00001"},
                {
                    "timestamp": iso(NOON),
                    "type": "iBeacon",
                    "mac": "10C005091CD5",
                    "ibeaconUuid": UUID.upper().replace("-", ""),
                    "ibeaconMajor": 4,
                    "ibeaconMinor": 1,
                    "rssi": -50,
                },
            ),
            Heard(f"{UUID}:4:1", "gateway:ac233fc00001", -50.0, NOON),
        ),
        (
            "/presence/stream/q7Kp",
            payload(
                {
                    "companyId": "c",
                    "sourceId": "q7Kp",
                    "trackingId": "D0:F0:18:43:DD:F1",
                    "rssi": -77,
                    "timestamp": NOON // 1000,
                }
            ),
            Heard("d0f01843ddf1", "gateway:q7kp", -77.0, NOON),
        ),
    ],
    ids=["ESPresense", "ESPresense Eddystone", "OpenMQTTGateway", "Theengs", "Minew", "Kontakt.io"],
)
def test_what_a_maker_publishes_is_understood(topic: str, sent: bytes, expected: Heard) -> None:
    assert heard(topic, sent) == [expected]


@pytest.mark.parametrize(
    "sent", [b"{}", b"[]", b'{"state":"online"}', b'{"id":"x","rssi":0}', b'{"id":"x","rssi":127}', b'{"rssi":-50}']
)
def test_what_is_no_sighting_says_nothing(sent: bytes) -> None:
    assert heard("home/g/BTtoMQTT/x", sent) == []


@pytest.mark.parametrize(("sent", "code"), [(b"online", "malformed_json"), (b'{"rssi":"far"}', "wrong_type")])
def test_what_cannot_be_read_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        heard("t", sent)
    assert refused.value.code == code


@pytest.mark.parametrize("moment", [-1e308, 1e308, 0, -1, 10**18, "yesterday", None])
def test_a_time_that_is_none_of_this_century_is_no_time(moment: object) -> None:
    (one,) = heard("t/g", payload({"id": "x", "rssi": -50, "timestamp": moment}))
    assert one.at is None


@pytest.mark.parametrize("spelled", ["60:87:57:4C:9B:C2", "60-87-57-4c-9b-c2", "6087574C9BC2"])
def test_a_tag_is_the_same_however_it_is_spelled(spelled: str) -> None:
    assert tag_id(spelled) == "6087574c9bc2"


@given(
    topic=st.text(max_size=30),
    sent=st.binary(max_size=80) | st.text().map(lambda t: json.dumps({"id": t, "rssi": -5}).encode()),
)
def test_whatever_is_published_is_heard_or_refused(topic: str, sent: bytes) -> None:
    try:
        found = heard(topic, sent)
    except EventRefused:
        return
    assert all(one.tag and one.gateway.startswith("gateway:") for one in found)
