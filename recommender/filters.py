"""What may not be on a slate, whatever led to it: the last look before an answer, on every path to it."""

from collections.abc import Container, Mapping

import msgspec

from retail.catalog import Item

UNKNOWN = "unknown"
UNAVAILABLE = "unavailable"
IN_CART = "in_cart"
IN_VIEW = "in_view"


class Filters(msgspec.Struct, frozen=True):
    """catalog: items by id; while it is empty nothing is known about any item and none is refused for it.

    cart: what the customer already holds. in_view: the item on the customer's screen, "" for none.
    """

    catalog: Mapping[str, Item]
    cart: Container[str] = frozenset()
    in_view: str = ""

    def refusal(self, item: str) -> str:
        """Why the item is left out, "" where it may stay."""
        if self.catalog:
            known = self.catalog.get(item)
            if known is None:
                return UNKNOWN
            if not known.available:
                return UNAVAILABLE
        if item in self.cart:
            return IN_CART
        return IN_VIEW if item == self.in_view else ""
