"""What may be promoted, to whom, where and when."""

from enum import StrEnum

import msgspec


class Trigger(StrEnum):
    """The occasions that may lead to a push."""

    STORE_ENTERED = "store_entered"
    ZONE_ENTERED = "zone_entered"
    CART_ABANDONED = "cart_abandoned"


class BenefitKind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_SHIPPING = "free_shipping"
    GIFT = "gift"


class Benefit(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """value: percent (0 to 100) or minor units, by kind; 0 for the others."""

    kind: BenefitKind
    value: int = 0


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One promotion. Empty `stores`, `zones`, `customers`, `items` mean: any.

    starts, ends: milliseconds since the epoch, half open. priority: higher wins.
    categories: item categories it is about, beside `items`. purpose: the consent it needs.
    """

    id: str
    name: str
    title: str
    body: str
    benefit: Benefit
    campaign: str = ""
    items: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    starts: int = 0
    ends: int = 1 << 62
    triggers: frozenset[Trigger] = frozenset({Trigger.STORE_ENTERED, Trigger.ZONE_ENTERED})
    stores: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    priority: int = 0
    purpose: str = "marketing_push"
    live: bool = True
