"""Who answers a campaign: what is known of a household before the campaign starts, and a propensity learned from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]

RECENT = 60.0
"""Days that count as lately."""

LONG_AGO = 400.0
"""Days said where it never happened; more than the data span."""

FEATURES = (
    "lines with a coupon",
    "lines with a coupon a month",
    "worth of coupons",
    "redemptions",
    "campaigns received",
    "campaigns answered",
    "share of campaigns answered",
    "days since a redemption",
    "lines a month",
    "baskets",
    "spent a month",
    "days since a visit",
    "lines lately",
    "share of lines at a reduced price",
    "lines of the campaign's products",
    "the campaign's products bought",
    "lines of the campaign's products lately",
    "share of lines that are of the campaign's products",
    "kind",
    "coupons",
    "products",
    "days that it lasts",
)
"""By column. The first 18 are the household's, the others the campaign's."""

COUPON_LINES, REDEMPTIONS, OWN_PRODUCTS = 0, 3, 14
"""Columns that rank households by themselves: the baselines."""

PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 2,
    "deterministic": True,
    "verbosity": -1,
}
"""Few leaves, because there are few campaigns: what is learned must be about households."""

TREES = 200

BOOSTERS = 3
"""Whose mean is taken: what one draw of rows and columns finds differs by a point of precision."""


@dataclass(frozen=True, eq=False)
class Receipts:
    """L lines of H households over P products. household, product, basket: (L,) numbers. at: (L,) days.

    spent, coupon, reduced: (L,) money paid, and taken off by a coupon or by the shop.
    """

    households: int
    products: int
    household: Numbers
    product: Numbers
    basket: Numbers
    at: Values
    spent: Values
    coupon: Values
    reduced: Values


@dataclass(frozen=True, eq=False)
class Campaign:
    """start, end: days. households: numbers of those who received it. products: numbers of what its coupons are for."""

    number: int
    kind: int
    start: float
    end: float
    coupons: int
    households: Numbers
    products: Numbers


@dataclass(frozen=True, eq=False)
class Redemptions:
    """R of them: (R,) household and campaign numbers, days."""

    household: Numbers
    campaign: Numbers
    at: Values


@dataclass(frozen=True, eq=False)
class Mailings:
    """What was bought, what was sent, what was redeemed."""

    receipts: Receipts
    campaigns: list[Campaign]
    redemptions: Redemptions


def features(mailings: Mailings, campaign: Campaign) -> Values:
    """(households of the campaign, FEATURES), from what happened before its start only."""
    shopping = _shopping(mailings.receipts, campaign)
    answers = _answers(mailings, campaign)
    columns = [*shopping[:3], *answers, *shopping[3:]]
    own = np.stack([column[campaign.households] for column in columns], axis=1)
    about = (campaign.kind, campaign.coupons, len(campaign.products), campaign.end - campaign.start)
    return np.hstack([own, np.tile(np.array(about, np.float64), (len(own), 1))])


def answered(mailings: Mailings, campaign: Campaign) -> NDArray[np.bool_]:
    """(households of the campaign,) who redeemed a coupon of it, ever."""
    redeemed = mailings.redemptions
    return np.isin(campaign.households, redeemed.household[redeemed.campaign == campaign.number])


def propensities(known: Values, outcome: NDArray[np.bool_], asked: Values, seed: int) -> Values:
    """(asked,) the chance that each answers. known: (N, F) features, outcome: (N,). Needs `training.openmp`."""
    import lightgbm

    data = lightgbm.Dataset(known, label=outcome.astype(np.float64), feature_name=list(map(str, range(known.shape[1]))))
    found = np.zeros(len(asked))
    for number in range(BOOSTERS):
        own = {**PARAMETERS, "seed": BOOSTERS * seed + number}
        found += lightgbm.train(own, data, num_boost_round=TREES).predict(asked)
    return found / BOOSTERS


def _shopping(receipts: Receipts, campaign: Campaign) -> list[Values]:
    """(H,) each: of the receipts before the campaign, three columns about coupons, then the others."""
    before = receipts.at < campaign.start
    household, at, products = receipts.household[before], receipts.at[before], receipts.product[before]
    coupon, reduced, spent = receipts.coupon[before], receipts.reduced[before], receipts.spent[before]
    lately = at >= campaign.start - RECENT
    promoted = np.zeros(receipts.products, bool)
    promoted[campaign.products] = True
    own = promoted[products]
    months = max(campaign.start - float(at.min(initial=campaign.start)), 1.0) / 30.0

    def count(chosen: NDArray[np.bool_], worth: Values | None = None) -> Values:
        chosen_worth = None if worth is None else worth[chosen]
        return np.bincount(household[chosen], chosen_worth, receipts.households).astype(np.float64)

    everything = np.ones(len(household), bool)
    lines, with_coupon, of_campaign = count(everything), count(coupon > 0), count(own)
    return [
        with_coupon,
        with_coupon / months,
        count(coupon > 0, coupon),
        lines / months,
        _different(household, receipts.basket[before], receipts.households),
        count(everything, spent) / months,
        _since(household, at, campaign.start, receipts.households),
        count(lately),
        count(reduced > 0) / np.maximum(lines, 1),
        of_campaign,
        _different(household[own], products[own], receipts.households),
        count(own & lately),
        of_campaign / np.maximum(lines, 1),
    ]


def _answers(mailings: Mailings, campaign: Campaign) -> list[Values]:
    """(H,) each: what the household did with coupons and campaigns before this one started."""
    size, redeemed = mailings.receipts.households, mailings.redemptions
    before = redeemed.at < campaign.start
    household = redeemed.household[before]
    earlier = [other.households for other in mailings.campaigns if other.start < campaign.start]
    received = np.bincount(np.concatenate([*earlier, np.zeros(0, np.int64)]), minlength=size).astype(np.float64)
    answers = _different(household, redeemed.campaign[before], size)
    return [
        np.bincount(household, minlength=size).astype(np.float64),
        received,
        answers,
        answers / np.maximum(received, 1),
        _since(household, redeemed.at[before], campaign.start, size),
    ]


def _different(household: Numbers, what: Numbers, size: int) -> Values:
    """(H,) how many different ones."""
    most = int(what.max(initial=0)) + 1
    return np.bincount(np.unique(household * most + what) // most, minlength=size).astype(np.float64)


def _since(household: Numbers, at: Values, now: float, size: int) -> Values:
    """(H,) days since the last one."""
    last = np.full(size, now - LONG_AGO)
    np.maximum.at(last, household, at)
    return now - last
