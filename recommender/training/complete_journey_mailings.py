"""The campaigns, coupons and redemptions of the Complete Journey year, with the receipts they are judged by."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommender.training.campaigns import Campaign, Mailings, Receipts, Redemptions
from recommender.training.complete_journey import read_integers, read_table

DAY = 86_400_000_000_000
"""Nanoseconds."""

KINDS = {"Type A": 0, "Type B": 1, "Type C": 2}


def read_mailings() -> Mailings:
    """All of them; households and products that only a campaign names have numbers too."""
    sent = read_table("campaigns", ["campaign_id", "household_id"])
    coupons = read_table("coupons", ["coupon_upc", "product_id", "campaign_id"])
    redeemed = read_table("coupon_redemptions", ["household_id", "campaign_id", "redemption_date"])
    columns = ["household_id", "basket_id", "product_id", "sales_value", "retail_disc", "coupon_disc"]
    lines = read_table("transactions", [*columns, "transaction_timestamp"])
    households = np.unique(np.concatenate([read_integers(table, "household_id") for table in (lines, sent, redeemed)]))
    products = np.unique(np.concatenate([read_integers(table, "product_id") for table in (lines, coupons)]))
    return Mailings(
        _receipts(lines, households, products),
        _campaigns(sent, coupons, households, products),
        Redemptions(
            np.searchsorted(households, read_integers(redeemed, "household_id")),
            read_integers(redeemed, "campaign_id"),
            read_integers(redeemed, "redemption_date") / DAY,
        ),
    )


def _receipts(lines: pa.Table, households: NDArray[np.int64], products: NDArray[np.int64]) -> Receipts:
    spent, reduced, coupon = (
        np.asarray(pc.fill_null(lines[name], 0.0).to_numpy(), np.float64)
        for name in ("sales_value", "retail_disc", "coupon_disc")
    )
    return Receipts(
        households=len(households),
        products=len(products),
        household=np.searchsorted(households, read_integers(lines, "household_id")),
        product=np.searchsorted(products, read_integers(lines, "product_id")),
        basket=np.unique(read_integers(lines, "basket_id"), return_inverse=True)[1].astype(np.int64),
        at=read_integers(lines, "transaction_timestamp") / DAY,
        spent=spent,
        coupon=coupon,
        reduced=reduced,
    )


def _campaigns(
    sent: pa.Table, coupons: pa.Table, households: NDArray[np.int64], products: NDArray[np.int64]
) -> list[Campaign]:
    described = read_table("campaign_descriptions", ["campaign_id", "campaign_type", "start_date", "end_date"])
    receiver, sent_with = read_integers(sent, "household_id"), read_integers(sent, "campaign_id")
    product, coupon, coupon_of = (read_integers(coupons, name) for name in ("product_id", "coupon_upc", "campaign_id"))
    columns = zip(
        read_integers(described, "campaign_id").tolist(),
        described["campaign_type"].to_pylist(),
        (read_integers(described, "start_date") / DAY).tolist(),
        (read_integers(described, "end_date") / DAY).tolist(),
        strict=True,
    )
    return [
        Campaign(
            number=number,
            kind=KINDS[kind],
            start=start,
            end=end,
            coupons=len(np.unique(coupon[coupon_of == number])),
            households=np.unique(np.searchsorted(households, receiver[sent_with == number])),
            products=np.unique(np.searchsorted(products, product[coupon_of == number])),
        )
        for number, kind, start, end in columns
    ]
