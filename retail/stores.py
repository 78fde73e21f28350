"""Where the customer walks: stores, their zones, and the beacons that mark them."""

import msgspec

_UUID_DIGITS = 32


class Zone(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A part of a store. categories: the item categories on its shelves."""

    id: str
    name: str
    categories: tuple[str, ...] = ()


class Beacon(msgspec.Struct, frozen=True, gc=False):
    """id: `uuid:major:minor`, lower case. zone: the zone it marks."""

    id: str
    zone: str


class Store(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """time_zone: IANA name; quiet hours and days are reckoned in it. country: ISO 3166 alpha-2."""

    id: str
    name: str
    time_zone: str = "UTC"
    country: str = ""
    zones: tuple[Zone, ...] = ()
    beacons: tuple[Beacon, ...] = ()


def beacon_id(text: str) -> str:
    """The form in which a beacon is known: lower case, a 32 digit UUID with its hyphens.

    What is no `uuid:major:minor` stays what it is, in lower case: a beacon that no store has.
    """
    name = text.strip().lower()
    uuid, colon, numbers = name.partition(":")
    if len(uuid) == _UUID_DIGITS and uuid.isalnum():
        uuid = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    return f"{uuid}{colon}{numbers}"


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a beacon stands."""

    store: str
    zone: str
