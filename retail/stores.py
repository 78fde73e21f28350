"""Where the customer walks: stores, their zones, and the beacons that mark them."""

import msgspec


class Zone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a store. categories: the item categories on its shelves."""

    id: str
    name: str
    categories: tuple[str, ...] = ()


class Beacon(msgspec.Struct, frozen=True):
    """id: `uuid:major:minor`, lower case. zone: the zone it marks."""

    id: str
    zone: str


class Store(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """time_zone: IANA name; quiet hours and days are reckoned in it. country: ISO 3166 alpha-2."""

    id: str
    name: str
    time_zone: str = "UTC"
    country: str = ""
    zones: tuple[Zone, ...] = ()
    beacons: tuple[Beacon, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where a beacon stands."""

    store: str
    zone: str
