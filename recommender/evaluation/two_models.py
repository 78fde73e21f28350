"""Which of two models did better with real customers, while a candidate answered some of them and the other the rest.

Who is answered by which is chance (a hash of the customer), so the plain means compare; no exploration is needed.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from recommender.evaluation.choices import Choice, Reward, groups, rewards
from recommender.evaluation.off_policy import Estimate, ips


class Served(msgspec.Struct, frozen=True):
    """One model's places that were seen. mean: of the reward of a place, clustered by customer."""

    model: str
    n: int
    customers: int
    mean: Estimate


class TwoModels(msgspec.Struct, frozen=True, kw_only=True):
    """first, last: milliseconds, the time in which both answered; what lies outside is left out, since days differ.

    moved: customers left out since both answered them. difference: of the means, new less old.
    """

    reward: Reward
    first: int
    last: int
    moved: int
    old: Served
    new: Served
    difference: Estimate


def compare(choices: Sequence[Choice], old: str, new: str, reward: Reward = Reward.CLICKED) -> TwoModels:
    """Raises ValueError where one of them answered nothing, or nothing while the other did."""
    times = [_times(choices, model) for model in (old, new)]
    first, last = max(begin for begin, _ in times), min(end for _, end in times)
    within = [choice for choice in choices if first <= choice.at <= last]
    customers = [{choice.customer for choice in within if choice.model == model} for model in (old, new)]
    moved = customers[0] & customers[1]
    one, other = (_served(within, model, moved, reward) for model in (old, new))
    return TwoModels(
        reward=reward,
        first=first,
        last=last,
        moved=len(moved),
        old=one,
        new=other,
        difference=_difference(one.mean, other.mean),
    )


def _times(choices: Sequence[Choice], model: str) -> tuple[int, int]:
    times = [choice.at for choice in choices if choice.model == model]
    if not times:
        known = ", ".join(sorted({choice.model for choice in choices if choice.model})) or "none"
        raise ValueError(f"no place of an answer by {model[:100]!r} was seen; there are some by: {known}")
    return min(times), max(times)


def _served(choices: Sequence[Choice], model: str, moved: set[str], reward: Reward) -> Served:
    theirs = [choice for choice in choices if choice.model == model and choice.customer not in moved]
    if not theirs:
        raise ValueError(f"{model} answered nobody of its own while the other answered, too: nothing to compare")
    mean = ips(np.ones(len(theirs)), rewards(theirs, reward), groups(theirs))
    return Served(model, len(theirs), len({choice.customer for choice in theirs}), mean)


def _difference(old: Estimate, new: Estimate) -> Estimate:
    """Of two sets of customers who have nothing to do with each other."""
    value, half = new.value - old.value, float(np.hypot(new.width, old.width)) / 2
    return Estimate(value, value - half, value + half)
