"""`caudal evaluate coupons`: who redeems a campaign's coupon, foreseen from what was known when it started."""

import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.report import CouponReport, Figures, means
from recommender.training.campaigns import (
    COUPON_LINES,
    FEATURES,
    OWN_PRODUCTS,
    REDEMPTIONS,
    Campaign,
    Mailings,
    Values,
    answered,
    features,
    propensities,
)
from recommender.training.progress import Progress, silent
from recommender.training.table import TableRefused

LEARNED = "propensity"

BASELINES = {
    "lines with a coupon": COUPON_LINES,
    "prior redemptions": REDEMPTIONS,
    "lines of the campaign's products": OWN_PRODUCTS,
}

SEEDS = (1, 2, 3)

SECONDS = 86_400


def day(year: int, month: int, date: int) -> float:
    """Days since 1970."""
    return datetime(year, month, date, tzinfo=UTC).timestamp() / SECONDS


LEARN_FROM, SPLIT, END = day(2017, 2, 1), day(2017, 8, 1), day(2018, 1, 7)
"""Of Complete Journey: campaigns that start in the first span teach, those that start later and end in time judge."""


def evaluate_coupons(
    mailings: Mailings, spans: tuple[float, float, float] = (LEARN_FROM, SPLIT, END), progress: Progress = silent
) -> CouponReport:
    """spans: days; the first start that teaches, the first that judges, the last end that judges.

    Raises TableRefused where either side has no campaign, or nobody or everybody answered.
    """
    began = time.perf_counter()
    since, split, until = spans
    progress("what was known before each campaign", 0.1)
    known, outcome = _pairs(mailings, [one for one in mailings.campaigns if since <= one.start < split])
    asked, wanted = _pairs(mailings, [one for one in mailings.campaigns if one.start >= split and one.end <= until])
    if not (outcome.any() and wanted.any() and not outcome.all() and not wanted.all()):
        raise TableRefused("coupons: campaigns on both sides of the split are needed, some answered and some not")
    models = {name: _figures(asked[:, column], wanted) for name, column in BASELINES.items()}
    runs = []
    for number, seed in enumerate(SEEDS):
        progress("propensities", 0.4 + 0.2 * number)
        runs.append(_figures(propensities(known, outcome, asked, seed), wanted))
    by_metric = {metric: np.array([run[metric] for run in runs]) for metric in runs[0]}
    return CouponReport(
        form="coupons",
        n=len(wanted),
        redeemed=float(wanted.mean()),
        trained_on=len(outcome),
        redeemed_in_training=float(outcome.mean()),
        features=len(FEATURES),
        models={**models, LEARNED: means(by_metric)},
        spread={metric: (float(values.min()), float(values.max())) for metric, values in by_metric.items()},
        seeds=SEEDS,
        seconds=round(time.perf_counter() - began, 1),
    )


def area_under_curve(scores: Values, wanted: NDArray[np.bool_]) -> float:
    """The chance that who answered is ranked above who did not, ties counting half (Mann and Whitney)."""
    ranks = _mean_ranks(scores)
    positive, negative = int(wanted.sum()), int((~wanted).sum())
    return float((ranks[wanted].sum() - positive * (positive + 1) / 2) / (positive * negative))


def average_precision(scores: Values, wanted: NDArray[np.bool_]) -> float:
    """Precision at each distinct score, weighted by the recall it adds; ties stand on one place."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    found = np.cumsum(wanted[order])[ends]
    gained = np.diff(found, prepend=0)
    return float((found / (ends + 1) * gained).sum() / wanted.sum())


def _pairs(mailings: Mailings, campaigns: list[Campaign]) -> tuple[Values, NDArray[np.bool_]]:
    """Features and outcome of each household that each of the campaigns was sent to."""
    rows = [features(mailings, campaign) for campaign in campaigns]
    outcomes = [answered(mailings, campaign) for campaign in campaigns]
    return np.concatenate([np.zeros((0, len(FEATURES))), *rows]), np.concatenate([np.zeros(0, bool), *outcomes])


def _figures(scores: Values, wanted: NDArray[np.bool_]) -> Figures:
    tenth = max(1, len(scores) // 10)
    best = wanted[np.argsort(-scores, kind="stable")[:tenth]]
    return {
        "AUC": area_under_curve(scores, wanted),
        "AP": average_precision(scores, wanted),
        "precision of the best tenth": float(best.mean()),
    }


def _mean_ranks(scores: Values) -> Values:
    """From 1; equal scores share the mean of their ranks."""
    _, number, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[number], np.float64)
