"""Whether an offer may be shown to this customer, by the items it is about.

An offer that names items is left out as soon as one of them is forbidden, since its text may be about that one; and
where the store has none of them. An offer on categories is left out where nothing of them may be shown. Merchandisers'
exclusions and what the customer waved away are no danger: an offer is left out where they take all that it is about.
"""

from collections.abc import Mapping, Sequence

from recommender.filters import Filters
from recommender.merchandising import Steering
from retail.offers import Offer

LOOKED_AT = 100
"""Items of an offer's categories that are looked at until one may be shown; where none of so many may, it fails
closed. One look costs about a microsecond."""


def unfit_offer(
    offer: Offer, filters: Filters, by_category: Mapping[str, Sequence[str]], rules: Steering | None = None
) -> str:
    """Why the offer is left out, "" where it may be shown. by_category: ids of the items of each category. rules: those
    that hold for offers now, None for none."""
    for item in sorted(offer.items):
        if reason := filters.forbidden(item):
            return reason
    reasons = [_unwanted(item, filters, rules) for item in sorted(offer.items)]
    for category in sorted(offer.categories):
        reasons += _looks(filters, by_category.get(category, ()), rules)
    return "" if "" in reasons or not reasons else reasons[0]


def _unwanted(item: str, filters: Filters, rules: Steering | None) -> str:
    """Why the item is no reason for the offer, "" where it is one."""
    reason = filters.missing(item) or filters.dismissed.reason(item, filters.catalog.get(item))
    return reason or (rules.exclusion(item) if rules is not None else "")


def _looks(filters: Filters, items: Sequence[str], rules: Steering | None) -> list[str]:
    """The reasons up to the first item that may be shown; a category without items forbids nothing."""
    reasons: list[str] = []
    for item in items[:LOOKED_AT]:
        reasons.append(filters.forbidden(item) or _unwanted(item, filters, rules))
        if not reasons[-1]:
            return reasons
    return reasons or [""]
