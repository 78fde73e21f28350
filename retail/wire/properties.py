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


class ShownProduct(Product):
    """attribution: the token of the answer that led here, as that gave it."""

    attribution: str | None = None


class Listing(msgspec.Struct, gc=False):
    """products: those that came on the screen, all of the answer where none is named."""

    attribution: str | None = None
    products: tuple[Product, ...] = ()


class CartLine(Product):
    quantity: int | None = None


class AddedLine(CartLine):
    """attribution: as of a product that was viewed."""

    attribution: str | None = None


class OrderLine(CartLine):
    """price: of one unit, in major units."""

    price: Number = None


class Order(msgspec.Struct, gc=False):
    """attribution: of an answer whose items were bought straight from it, without a cart."""

    attribution: str | None = None
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
    """beacon: `uuid:major:minor`, or the three apart; of an Eddystone `eddy:namespace:instance`. rssi: dBm."""

    beacon: str | None = None
    uuid: str | None = None
    major: Id = None
    minor: Id = None
    namespace: str | None = None
    instance: str | None = None
    rssi: Number = None


class Feedback(msgspec.Struct, gc=False):
    decision_id: str | None = None
    offer_id: Id = None


class Redemption(Feedback):
    """attribution: the token of the answer that showed the offer."""

    attribution: str | None = None


class Promotion(msgspec.Struct, gc=False):
    """promotion_id: an offer's. attribution: the token of the answer that showed it."""

    promotion_id: Id = None
    attribution: str | None = None


class Case(msgspec.Struct, gc=False):
    """A contact or a complaint. case_id: of the contact centre; ticket_id counts as well."""

    case_id: Id = None
    ticket_id: Id = None
    order_id: Id = None
    topic: str | None = None


class Survey(msgspec.Struct, gc=False):
    """kind: nps, csat or ces. score: as answered. scale: the best answer there was; the kind's own if absent."""

    kind: str | None = None
    score: Number = None
    scale: Number = None


class Mention(msgspec.Struct, gc=False):
    """sentiment: from -1 (worst) to 1."""

    network: str | None = None
    sentiment: Number = None


class Return(CartLine):
    order_id: Id = None


class Parcel(msgspec.Struct, gc=False):
    order_id: Id = None


class Record(msgspec.Struct, gc=False):
    """Traits by name: texts, numbers, truth values. consents: granted or not, by purpose."""

    consents: dict[str, bool] | None = None
