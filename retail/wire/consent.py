"""What a message says about consent, in our purposes."""

from collections.abc import Mapping

from retail.consents import ANALYTICS, MARKETING_PUSH, PERSONALIZATION, PRECISE_LOCATION, PURPOSES
from retail.wire.envelope import Context

CATEGORIES = {
    "Advertising": MARKETING_PUSH,
    "Analytics": ANALYTICS,
    "Functional": PERSONALIZATION,
    "Location": PRECISE_LOCATION,
}
"""The usual categories of consent banners; a purpose under its own name goes before them."""


def said_in_context(context: Context | None) -> dict[str, bool] | None:
    """None where the sender said nothing."""
    if context is None or context.consent is None or not context.consent.category_preferences:
        return None
    return in_purposes(context.consent.category_preferences) or None


def in_purposes(preferences: Mapping[str, bool]) -> dict[str, bool]:
    """Categories that stand for no purpose of ours are left out: nothing is done in their name."""
    purposes = {CATEGORIES[name]: granted for name, granted in preferences.items() if name in CATEGORIES}
    return {**purposes, **{name: granted for name, granted in preferences.items() if name in PURPOSES}}
