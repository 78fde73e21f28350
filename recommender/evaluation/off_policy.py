"""What another policy would have earned, from choices of the one that served: IPS, SNIPS, DR.

Sources: Horvitz and Thompson 1952 (IPS); Swaminathan and Joachims, "The Self-Normalized Estimator for Counterfactual
Learning", 2015 (SNIPS); Dudik, Langford and Li, "Doubly Robust Policy Evaluation and Learning", 2011 (DR). The reward
model of DR is fitted on other customers than it is asked about (Chernozhukov et al. 2018), so that it cannot know.
"""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z = 1.96
"""Standard errors either side of 95 %."""

FEW = 100.0
"""Effective choices below which a normal interval is not to be trusted."""

THIN = 0.05
"""Share of the choices, effectively, below which a few heavy ones decide."""

FOLDS = 5

PRIOR = 20.0
"""Choices that the mean of all weighs in an item's expected reward: clicks are rare, items with few showings many."""


class Logged(NamedTuple):
    """N choices over candidates in ragged arrays: those of choice n are [starts[n], starts[n + 1]).

    shown: (N,) place in the candidates' arrays of what was shown. reward: (N,). group: (N,) number of the customer.
    items: (C,) a number per item and position. chosen: (C,) the probability under the policy that served.
    """

    starts: Ints
    shown: Ints
    reward: Floats
    group: Ints
    items: Ints
    chosen: Floats


class Estimate(msgspec.Struct, frozen=True):
    """The mean reward of a choice. low, high: 95 %, by errors that are clustered by customer."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


class Judgement(msgspec.Struct, frozen=True):
    """A policy as judged by another's choices. effective: how many choices of its own these are worth (Kish 1965).

    uncovered: share of what it would show that the logging policy never could have. warnings: in words.
    """

    ips: Estimate
    snips: Estimate
    dr: Estimate
    effective: float
    largest_weight: float
    uncovered: float
    warnings: tuple[str, ...]


def judge(logged: Logged, target: Floats) -> Judgement:
    """target: (C,) the probability of each candidate under the policy to judge. N of at least one."""
    weights = weights_of(logged, target)
    expected = expected_rewards(logged)
    uncovered = float(target[logged.chosen <= 0.0].sum() / max(target.sum(), 1e-12))
    effective = effective_size(weights)
    return Judgement(
        ips=ips(weights, logged.reward, logged.group),
        snips=snips(weights, logged.reward, logged.group),
        dr=dr(logged, target, expected),
        effective=effective,
        largest_weight=float(weights.max()),
        uncovered=uncovered,
        warnings=_warnings(logged, weights, effective, uncovered),
    )


def weights_of(logged: Logged, target: Floats) -> Floats:
    """(N,) how much more often the policy shows what was shown."""
    return target[logged.shown] / logged.chosen[logged.shown]


def effective_size(weights: Floats) -> float:
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def ips(weights: Floats, reward: Floats, group: Ints) -> Estimate:
    """Unbiased where the policy shows nothing that could not have been shown."""
    return _mean(weights * reward, group)


def snips(weights: Floats, reward: Floats, group: Ints) -> Estimate:
    """Bias of order 1/N for less variance: an estimate never leaves the range of the rewards."""
    total = float(weights.sum())
    if total <= 0.0:
        return Estimate(0.0, 0.0, 0.0)
    value = float((weights * reward).sum()) / total
    half = Z * _error(weights * (reward - value) / (total / len(reward)), group)
    return Estimate(value, value - half, value + half)


def dr(logged: Logged, target: Floats, expected: Floats) -> Estimate:
    """expected: (C,) reward of each candidate. Unbiased whatever these say; the better, the less variance."""
    direct = np.add.reduceat(target * expected, logged.starts[:-1])
    surprise = logged.reward - expected[logged.shown]
    return _mean(direct + weights_of(logged, target) * surprise, logged.group)


def expected_rewards(logged: Logged, folds: int = FOLDS, prior: float = PRIOR) -> Floats:
    """(C,) each candidate's mean reward where it was shown, drawn to the mean of all; of other customers' choices."""
    fold = logged.group % folds
    numbers = int(logged.items.max()) + 1 if len(logged.items) else 0
    expected = np.zeros(len(logged.items))
    of_choice = np.repeat(fold, np.diff(logged.starts))
    for one in range(folds):
        others = fold != one
        known, reward = logged.items[logged.shown[others]], logged.reward[others]
        mean = float(reward.mean()) if len(reward) else 0.0
        shown = np.bincount(known, minlength=numbers)
        earned = np.bincount(known, reward, minlength=numbers)
        asked = of_choice == one
        expected[asked] = ((earned + prior * mean) / (shown + prior))[logged.items[asked]]
    return expected


def _mean(values: Floats, group: Ints) -> Estimate:
    value = float(values.mean())
    half = Z * _error(values - value, group)
    return Estimate(value, value - half, value + half)


def _error(residuals: Floats, group: Ints) -> float:
    """Standard error of a mean, clustered (Liang and Zeger 1986), with the usual correction for few clusters."""
    clusters = np.bincount(group, residuals)
    count = len(np.unique(group))
    if count < 2:
        return float("inf")
    return float(np.sqrt(np.square(clusters).sum() * count / (count - 1))) / len(residuals)


def _warnings(logged: Logged, weights: Floats, effective: float, uncovered: float) -> tuple[str, ...]:
    told: list[str] = []
    if uncovered > 0.0:
        told.append(
            f"{uncovered:.1%} of what this policy shows could never have been shown: nothing is known of it, and "
            "IPS counts it as earning nothing"
        )
    if effective < FEW:
        told.append(f"worth only {effective:.0f} choices of its own: log more, or with a higher exploration rate")
    if effective < THIN * len(weights):
        told.append(f"weak overlap: {effective / len(weights):.1%} of the choices count; few heavy ones decide")
    if abs(float(weights.mean()) - (1.0 - uncovered)) > 3 * _error(weights - weights.mean(), logged.group):
        told.append(
            f"the weights average {weights.mean():.3f} where they should average {1.0 - uncovered:.3f}: the logged "
            "probabilities are not those that the items were drawn with, or impressions are missing for some of them"
        )
    return tuple(told)
