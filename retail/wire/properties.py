"""What the properties of track messages are read as: only what a typed event needs."""

import msgspec

Id = str | int | None
Number = int | float | None


class Nothing(msgspec.Struct, gc=False):
    """Properties that are not read."""


class Product(msgspec.Struct, gc=False):
    """An item by its `product_id`, else its `sku`, else its `id` (as the first version of the spec had it)."""

    product_id: Id = None
    sku: Id = None
    id: Id = None


class CartLine(Product):
    quantity: int | None = None


class OrderLine(CartLine):
    """price: of one unit, in major units."""

    price: Number = None


class Order(msgspec.Struct, gc=False):
    order_id: Id = None
    products: tuple[OrderLine, ...] = ()
    store_id: Id = None
    store: Id = None


class Search(msgspec.Struct, gc=False):
    query: str | None = None


class Whereabouts(msgspec.Struct, gc=False):
    store_id: Id = None
    store: Id = None
    zone_id: Id = None
    zone: Id = None


class Sighting(msgspec.Struct, gc=False):
    """beacon: `uuid:major:minor`, or the three apart. rssi: dBm."""

    beacon: str | None = None
    uuid: str | None = None
    major: Id = None
    minor: Id = None
    rssi: Number = None


class Feedback(msgspec.Struct, gc=False):
    decision_id: str | None = None
    offer_id: Id = None
