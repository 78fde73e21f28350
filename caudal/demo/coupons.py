"""The grocer's real coupon campaigns as offers: what each coupon covered, for whom, when, and what it saved."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from caudal.demo.branches import zone_id
from caudal.demo.tables import integers, milliseconds, table, texts
from retail.catalog import Item
from retail.offers import Benefit, BenefitKind, Offer, Trigger

ITEMS = 300
"""Items named per offer at most, in the order of the data set; a few coupons cover whole departments."""

SAVING = 100
"""Cents off where no receipt shows what the coupon saved."""

DAY = 86_400_000

CAMPAIGN_NAMES = {"Type A": "personal mailing", "Type B": "category campaign", "Type C": "brand campaign"}
PRIORITIES = {"Type A": 0, "Type B": 1, "Type C": 2}
"""The narrower a campaign, the stronger."""


World = tuple[Mapping[str, int], frozenset[str]]
"""Cents saved by item, and the zone ids that exist."""


@dataclass(frozen=True)
class Campaign:
    """starts, ends: milliseconds, half open. households: who was targeted."""

    number: int
    kind: str
    starts: int
    ends: int
    households: frozenset[str]


def read_offers(items: Mapping[int, Item], zones: Iterable[str]) -> list[Offer]:
    """One offer per campaign and coupon that covers an item we sell. zones: the zone ids that exist.

    An offer about one department that has a zone is due in that zone; all others at the entrance.
    """
    campaigns = _campaigns()
    savings = _savings()
    known = frozenset(zones)
    coupons = _coupons(items)
    return [_offer(campaigns[campaign], upc, goods, (savings, known)) for (campaign, upc), goods in coupons.items()]


def _campaigns() -> dict[int, Campaign]:
    targeted: dict[int, set[str]] = {}
    sent = table("campaigns", ["campaign_id", "household_id"])
    for campaign, household in zip(integers(sent, "campaign_id"), integers(sent, "household_id"), strict=True):
        targeted.setdefault(int(campaign), set()).add(str(household))
    told = table("campaign_descriptions", ["campaign_id", "campaign_type", "start_date", "end_date"])
    columns = (integers(told, "campaign_id"), milliseconds(told, "start_date"), milliseconds(told, "end_date"))
    return {
        int(number): Campaign(int(number), kind, int(starts), int(ends) + DAY, frozenset(targeted.get(int(number), ())))
        for number, starts, ends, kind in zip(*columns, texts(told, "campaign_type"), strict=True)
    }


def _coupons(items: Mapping[int, Item]) -> dict[tuple[int, int], list[Item]]:
    """(campaign, coupon) to the items it covers, of those we sell."""
    covered: dict[tuple[int, int], list[Item]] = {}
    pairs = table("coupons", ["coupon_upc", "product_id", "campaign_id"])
    columns = (integers(pairs, name).tolist() for name in ("campaign_id", "coupon_upc", "product_id"))
    for campaign, upc, product in zip(*columns, strict=True):
        if product in items:
            covered.setdefault((campaign, upc), []).append(items[product])
    return covered


def _savings() -> dict[str, int]:
    """Item to the median cents that a coupon took off it, from the receipts."""
    lines = table("transactions", ["product_id", "coupon_disc"])
    cents = np.rint(lines["coupon_disc"].to_numpy() * 100).astype(np.int64)
    shown: dict[str, list[int]] = {}
    used = cents > 0
    for product, saved in zip(integers(lines, "product_id")[used].tolist(), cents[used].tolist(), strict=True):
        shown.setdefault(str(product), []).append(saved)
    return {product: int(np.median(seen)) for product, seen in shown.items()}


def _offer(campaign: Campaign, upc: int, goods: Sequence[Item], world: World) -> Offer:
    savings, zones = world
    zone = _zone(goods, zones)
    subject = Counter(item.category for item in goods if item.category).most_common(1)
    what = subject[0][0] if subject else goods[0].department
    seen = [savings[item.id] for item in goods if item.id in savings]
    saved = int(np.median(seen)) if seen else SAVING
    return Offer(
        id=f"coupon-{campaign.number}-{upc}",
        name=f"Campaign {campaign.number}, coupon {upc}",
        title=f"${saved / 100:.2f} off {what}",
        body=f"Your coupon of our {CAMPAIGN_NAMES[campaign.kind]}: ${saved / 100:.2f} off {what}, today in this store.",
        benefit=Benefit(BenefitKind.AMOUNT, saved),
        campaign=f"campaign-{campaign.number}",
        items=frozenset(item.id for item in goods[:ITEMS]),
        starts=campaign.starts,
        ends=campaign.ends,
        triggers=frozenset({Trigger.ZONE_ENTERED if zone else Trigger.STORE_ENTERED}),
        zones=frozenset({zone} if zone else ()),
        customers=campaign.households,
        priority=PRIORITIES[campaign.kind],
    )


def _zone(goods: Sequence[Item], zones: frozenset[str]) -> str:
    departments = {zone_id(item.department) for item in goods}
    return departments.pop() if len(departments) == 1 and departments <= zones else ""
