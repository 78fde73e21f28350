"""What beacon gateways heard, in the payloads of their makers: which tag, by which gateway, how strong.

| maker | topic | payload |
|---|---|---|
| ESPresense | `espresense/devices/{id}/{room}` | one device |
| OpenMQTTGateway, Theengs | `home/{gateway}/BTtoMQTT/{id}` | one device |
| Minew G1 | any, as configured; the gateway is in the payload or `/gw/{gateway}/status` | list of devices |
| Kontakt.io | `/presence/stream/{gateway}` | one presence, or a list |

A tag is named by its iBeacon or Eddystone identity where it has one, else by its MAC address; phones change theirs.
"""

import re
from typing import NamedTuple

import msgspec

from retail.stores import beacon_id
from retail.wire.amounts import signal_strength
from retail.wire.clock import milliseconds
from retail.wire.reading import read

Id = str | int | None

_IBEACON = re.compile(r"ibeacon:(.+)-(\d+)-(\d+)", re.IGNORECASE)
_EDDYSTONE = re.compile(r"eddy:([0-9a-f]+)-([0-9a-f]+)", re.IGNORECASE)
_SECONDS = 10_000_000_000
"""Numbers below it are seconds since the epoch (until 2286), those above milliseconds."""


class Heard(NamedTuple):
    """One tag at one gateway. gateway: as `gateway:name`, the id of the beacon that stands for it in a store.

    rssi: dBm. at: milliseconds, None where the payload has no time.
    """

    tag: str
    gateway: str
    rssi: float
    at: int | None = None


class _Device(msgspec.Struct):
    """The fields of all four; none of their names means two things."""

    id: Id = None
    mac: str | None = None
    type: str | None = None
    rssi: float | None = None
    uuid: str | None = None
    major: Id = None
    minor: Id = None
    ibeacon_uuid: str | None = msgspec.field(default=None, name="ibeaconUuid")
    ibeacon_major: Id = msgspec.field(default=None, name="ibeaconMajor")
    ibeacon_minor: Id = msgspec.field(default=None, name="ibeaconMinor")
    tracking_id: str | None = msgspec.field(default=None, name="trackingId")
    source_id: str | None = msgspec.field(default=None, name="sourceId")
    timestamp: str | int | float | None = None


_devices = msgspec.json.Decoder(_Device | list[_Device])


def heard(topic: str, payload: bytes) -> list[Heard]:
    """Empty where the payload is of something else, as a gateway's own status.

    Raises EventRefused: `malformed_json`, `wrong_type`, `too_deep`.
    """
    found = read(_devices, payload, "the payload")
    devices = found if isinstance(found, list) else [found]
    gateway = next((device.mac for device in devices if device.type == "Gateway" and device.mac), gateway_of(topic))
    return [one for device in devices if (one := _heard(device, gateway)) is not None]


def gateway_of(topic: str) -> str:
    """The name that the topic has for the gateway."""
    parts = topic.strip("/").split("/")
    match parts:
        case ["espresense", "devices", _, room]:
            return room
        case ["presence", "stream", source]:
            return source
        case [_, gateway, *_]:
            return gateway
    return parts[0]


def tag_id(name: str) -> str:
    """The form in which a tag is known: `uuid:major:minor`, `eddy:namespace:instance`, or 12 hexadecimal digits."""
    if found := _IBEACON.fullmatch(name):
        return beacon_id(":".join(found.groups()))
    if found := _EDDYSTONE.fullmatch(name):
        return beacon_id("eddy:" + ":".join(found.groups()))
    bare = name.replace(":", "").replace("-", "").lower()
    return bare if re.fullmatch(r"[0-9a-f]{12}", bare) else beacon_id(name)


def _heard(device: _Device, gateway: str) -> Heard | None:
    rssi, tag = signal_strength(device.rssi), _tag(device)
    if rssi is None or not tag or device.type == "Gateway":
        return None
    return Heard(tag, beacon_id(f"gateway:{device.source_id or gateway}"), rssi, _time(device.timestamp))


def _tag(device: _Device) -> str:
    for uuid, major, minor in (
        (device.uuid, device.major, device.minor),
        (device.ibeacon_uuid, device.ibeacon_major, device.ibeacon_minor),
    ):
        if uuid and major is not None and minor is not None:
            return beacon_id(f"{uuid}:{major}:{minor}")
    named = device.tracking_id or device.id or device.mac
    return tag_id(str(named)) if named else ""


def _time(given: str | int | float | None) -> int | None:
    """None for what is no moment of this century."""
    if not isinstance(given, int | float):
        return milliseconds(given)
    if not 0 < given < _SECONDS * 1000:
        return None
    return int(given * 1000) if given < _SECONDS else int(given)
