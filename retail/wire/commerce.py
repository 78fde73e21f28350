"""Actions of other formats that are about items: one message per item, or one order with its lines."""

from collections.abc import Sequence

from retail.wire.message import Values

ONE_EACH = frozenset(
    {"Product Viewed", "Product Added", "Product Removed", "Product Clicked", "Product Added to Wishlist"}
)
"""Events of a single item in our words; elsewhere they may carry a list."""

_ITEM_FIELDS = (
    ("product_id", ("product_id", "item_id", "id", "sku")),
    ("name", ("name", "item_name")),
    ("brand", ("brand", "item_brand")),
    ("category", ("category", "item_category")),
    ("variant", ("variant", "item_variant")),
    ("price", ("price", "unit_price", "unitPrice")),
    ("quantity", ("quantity",)),
    ("coupon", ("coupon",)),
    ("position", ("position", "index")),
)


def told(name: str, items: Sequence[Values], said: Values) -> list[Values]:
    """The properties of each message that the action becomes. said: what it says beside the items."""
    products = [product(item) for item in items]
    if name in ONE_EACH and products:
        return [{**said, **item} for item in products]
    return [{**said, "products": products} if products else said]


def product(item: Values) -> Values:
    """An item in the words of the spec."""
    return {
        ours: item[theirs]
        for ours, names in _ITEM_FIELDS
        if (theirs := next((name for name in names if item.get(name) not in (None, "")), None))
    }
