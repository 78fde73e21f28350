from dataclasses import replace

import numpy as np
import pytest

from recommender.evaluation.coupons import LEARNED, area_under_curve, average_precision, evaluate_coupons
from recommender.evaluation.report import coupon_table
from recommender.training.campaigns import FEATURES, Campaign, Mailings, Receipts, Redemptions, features
from recommender.training.openmp import available
from recommender.training.table import TableRefused

HOUSEHOLDS, PRODUCTS = 120, 20

SPANS = (30.0, 100.0, 200.0)


def mailings(seed: int = 3) -> Mailings:
    """Every fourth household pays with coupons and answers nearly every campaign, the others hardly any."""
    chance = np.random.default_rng(seed)
    keen = np.arange(HOUSEHOLDS) % 4 == 0
    lines = 12_000
    household, at = chance.integers(0, HOUSEHOLDS, lines), chance.uniform(0, 200, lines)
    receipts = Receipts(
        households=HOUSEHOLDS,
        products=PRODUCTS,
        household=household,
        product=chance.integers(0, PRODUCTS, lines),
        basket=np.arange(lines),
        at=at,
        spent=np.ones(lines),
        coupon=np.where(keen[household] & (chance.random(lines) < 0.3), 1.0, 0.0),
        reduced=np.zeros(lines),
    )
    everybody = np.arange(HOUSEHOLDS)
    campaigns = [
        Campaign(n, n % 3, start, start + 20, 4, everybody, np.arange(n, n + 5))
        for n, start in enumerate((40.0, 70.0, 120.0, 150.0))
    ]
    answers = [
        (h, c.number, c.start + 5) for c in campaigns for h in everybody if chance.random() < (0.9 if keen[h] else 0.05)
    ]
    who, which, when = (np.array(column) for column in zip(*answers, strict=True))
    return Mailings(receipts, campaigns, Redemptions(who, which, when.astype(np.float64)))


def test_what_happens_once_a_campaign_runs_is_not_known_when_it_starts() -> None:
    year = mailings()
    campaign = year.campaigns[2]
    receipts, redeemed = year.receipts, year.redemptions
    later, answered = receipts.at >= campaign.start, redeemed.at >= campaign.start
    changed = Mailings(
        replace(
            receipts,
            coupon=np.where(later, 9.0, receipts.coupon),
            product=np.where(later, 0, receipts.product),
            spent=np.where(later, 99.0, receipts.spent),
        ),
        year.campaigns[:3],
        Redemptions(redeemed.household[~answered], redeemed.campaign[~answered], redeemed.at[~answered]),
    )
    known = features(year, campaign)
    assert known.shape == (HOUSEHOLDS, len(FEATURES))
    assert np.array_equal(known, features(changed, campaign))


def test_what_is_known_is_counted_by_household() -> None:
    receipts = Receipts(
        2,
        3,
        *(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([7, 7, 8])),
        np.array([1.0, 9.0, 2.0]),
        np.array([2.0, 3.0, 4.0]),
        np.array([0.0, 1.5, 0.0]),
        np.zeros(3),
    )
    campaign = Campaign(5, 1, 11.0, 31.0, 2, np.array([0, 1]), np.array([0]))
    nobody = Redemptions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    first, second = (
        dict(zip(FEATURES, row, strict=True))
        for row in features(Mailings(receipts, [campaign], nobody), campaign).tolist()
    )
    assert (first["lines with a coupon"], first["worth of coupons"], first["baskets"]) == (1, 1.5, 1)
    assert (first["days since a visit"], second["days since a visit"]) == (2, 9)
    assert (
        first["lines of the campaign's products"],
        second["share of lines that are of the campaign's products"],
    ) == (1, 1)
    assert (second["kind"], second["days that it lasts"]) == (1, 20)


def test_equal_scores_are_worth_a_coin() -> None:
    wanted = np.array([True, False, True, False])
    assert area_under_curve(np.zeros(4), wanted) == 0.5
    assert average_precision(np.zeros(4), wanted) == 0.5
    assert area_under_curve(np.array([3.0, 1.0, 2.0, 0.0]), wanted) == 1.0
    assert average_precision(np.array([3.0, 2.0, 1.0, 0.0]), wanted) == pytest.approx((1 + 2 / 3) / 2)


def test_campaigns_that_nobody_answered_are_refused() -> None:
    nobody = Redemptions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    with pytest.raises(TableRefused, match="both sides"):
        evaluate_coupons(replace(mailings(), redemptions=nobody), SPANS)


@pytest.mark.skipif(not available(), reason="needs the OpenMP runtime")
def test_who_answers_is_foreseen_better_than_by_counting() -> None:
    report = evaluate_coupons(mailings(), SPANS)
    assert (report.n, report.trained_on) == (2 * HOUSEHOLDS, 2 * HOUSEHOLDS)
    assert report.models[LEARNED]["AUC"] > 0.85
    assert report.models[LEARNED]["AUC"] > report.models["lines of the campaign's products"]["AUC"]
    header, rows = coupon_table(report)
    assert rows[-2][0] == LEARNED
    assert len(rows[-1]) == len(header)
