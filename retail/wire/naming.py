"""What properties name: an item, a store, a zone, an order; or a refusal that says which is missing."""

from retail.errors import EventRefused
from retail.identifiers import checked_id
from retail.wire import properties as shapes


def item_named(product: shapes.Product, field: str) -> str:
    """Raises EventRefused: `missing_item`, `malformed_id`."""
    for given in (product.product_id, product.sku, product.id):
        if given is not None and given != "":
            return checked_id(str(given), f"{field}.product_id")
    raise EventRefused("missing_item", f"{field} names no item: give product_id or sku")


def store_named(place: shapes.Whereabouts) -> str:
    """Raises EventRefused: `missing_store`, `malformed_id`."""
    return named(place.store_id if place.store_id is not None else place.store, "missing_store", "properties.store_id")


def zone_named(place: shapes.Whereabouts) -> str:
    """Raises EventRefused: `missing_zone`, `malformed_id`."""
    return named(place.zone_id if place.zone_id is not None else place.zone, "missing_zone", "properties.zone_id")


def named(given: shapes.Id, code: str, field: str) -> str:
    """The id as text. Raises EventRefused: the code, `malformed_id`."""
    if given is None or given == "":
        raise EventRefused(code, f"{field} is missing")
    return checked_id(str(given), field)
