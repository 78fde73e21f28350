"""The names of events: those of the Segment e-commerce spec, and what else senders call the same thing."""

import re
from typing import Final

SPEC: Final = (
    "Products Searched",
    "Product List Viewed",
    "Product List Filtered",
    "Promotion Viewed",
    "Promotion Clicked",
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Checkout Step Viewed",
    "Checkout Step Completed",
    "Payment Info Entered",
    "Order Completed",
    "Order Updated",
    "Order Refunded",
    "Order Cancelled",
    "Coupon Entered",
    "Coupon Applied",
    "Coupon Denied",
    "Coupon Removed",
    "Product Added to Wishlist",
    "Product Removed from Wishlist",
    "Wishlist Product Added to Cart",
    "Product Shared",
    "Cart Shared",
    "Product Reviewed",
)
"""Version 2 of the spec."""

FEEDBACK: Final = ("Product Dismissed",)
"""What customers say of an answer, which the spec has no names for."""

STORES: Final = (
    "Store Entered",
    "Store Exited",
    "Zone Entered",
    "Zone Exited",
    "Beacon Sighted",
    "Loyalty Card Scanned",
)
"""What happens in stores, which the spec has no names for."""

SERVICE: Final = (
    "Support Contacted",
    "Complaint Filed",
    "Complaint Resolved",
    "Survey Answered",
    "Customer Record Updated",
    "Social Mention Heard",
    "Order Shipped",
    "Order Delivered",
    "Product Returned",
)
"""What the contact centre, the warehouse and the CRM tell."""

MESSAGING: Final = (
    "Segment Consent Preference Updated",
    "Push Notification Received",
    "Push Notification Tapped",
    "Push Notification Opened",
    "Push Notification Dismissed",
    "Push Notification Bounced",
    "Application Opened",
    "Deep Link Opened",
    "Coupon Redeemed",
    "Offer Redeemed",
)
"""Of the native mobile spec, and what becomes of a message."""

FIRST_VERSION: Final = {
    "Viewed Product Category": "Product List Viewed",
    "Viewed Product List": "Product List Viewed",
    "Filtered Product List": "Product List Filtered",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Clicked Product": "Product Clicked",
    "Viewed Product": "Product Viewed",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Viewed Cart": "Cart Viewed",
    "Searched Products": "Products Searched",
    "Started Checkout": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Entered Payment Info": "Payment Info Entered",
    "Completed Order": "Order Completed",
    "Updated Order": "Order Updated",
    "Refunded Order": "Order Refunded",
    "Cancelled Order": "Order Cancelled",
    "Entered Coupon": "Coupon Entered",
    "Applied Coupon": "Coupon Applied",
    "Denied Coupon": "Coupon Denied",
    "Removed Coupon": "Coupon Removed",
    "Added Product to Wishlist": "Product Added to Wishlist",
    "Removed Product from Wishlist": "Product Removed from Wishlist",
    "Shared Product": "Product Shared",
    "Shared Cart": "Cart Shared",
    "Reviewed Product": "Product Reviewed",
}
"""Names of the first version of the spec."""

ACTIONS: Final = {
    "search": "Products Searched",
    "site_search": "Products Searched",
    "view_search_results": "Products Searched",
    "view_item_list": "Product List Viewed",
    "list_view": "Product List Viewed",
    "select_item": "Product Clicked",
    "list_click": "Product Clicked",
    "view_item": "Product Viewed",
    "product_view": "Product Viewed",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "view_cart": "Cart Viewed",
    "add_to_wishlist": "Product Added to Wishlist",
    "begin_checkout": "Checkout Started",
    "checkout_step": "Checkout Step Viewed",
    "add_payment_info": "Payment Info Entered",
    "purchase": "Order Completed",
    "transaction": "Order Completed",
    "refund": "Order Refunded",
    "view_promotion": "Promotion Viewed",
    "promo_view": "Promotion Viewed",
    "select_promotion": "Promotion Clicked",
    "promo_click": "Promotion Clicked",
}
"""Recommended events of Google Analytics 4 and the action types of Snowplow's e-commerce schemas."""

_SEPARATORS = re.compile(r"[\s_.\-/]+")
_VERSION = re.compile(r"v?\d+")


def words_of(name: str) -> list[str]:
    """In lower case: `Product Viewed`, `product_viewed` and `product-viewed` are the same words."""
    return [word for word in _SEPARATORS.split(name.lower()) if word]


def _known() -> dict[str, str]:
    names = {name: name for name in (*SPEC, *FEEDBACK, *STORES, *SERVICE, *MESSAGING)}
    return {" ".join(words_of(said)): name for said, name in {**ACTIONS, **FIRST_VERSION, **names}.items()}


_KNOWN = _known()
_EXACT = frozenset((*SPEC, *FEEDBACK, *STORES, *SERVICE, *MESSAGING))
_LONGEST = max(len(name) for name in _KNOWN) + 8


def spec_name(name: str) -> str:
    """The name in the spec's words, the name itself where the spec has none for it."""
    if name in _EXACT or len(name) > _LONGEST:
        return name
    return _KNOWN.get(" ".join(words_of(name)), name)


def name_at_end(name: str) -> str:
    """Of a type such as `com.example.product_viewed.v1` the spec's name at its end, "" where there is none."""
    words = words_of(name[-_LONGEST * 2 :])
    while words and _VERSION.fullmatch(words[-1]):
        words.pop()
    for start in range(max(len(words) - 6, 0), len(words)):
        found = _KNOWN.get(" ".join(words[start:]))
        if found:
            return found
    return ""
