"""How a shop's sources are weighed, as its training found best: the part of the policy that a model carries."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.policy import BlendPolicy

BLEND = BlendPolicy()

BLEND_TUNING = "blend_tuning"
"""The array of a `BlendTuning` in a model's folder, in the order of its fields, float32; optional."""

_DAY = timedelta(days=1)


class BlendTuning(NamedTuple):
    """Fields of `BlendPolicy` of the same names; habit_days: `habit_decay` in days, > 0.

    habit: below 0 where nothing is bought twice, as films are: what the customer has comes last. The weight of
    neighbours is tuned by `stale` alone, the share that is left between two visits: how much they say within a visit is
    nothing that baskets could tell. session: found on a log of sessions, where there is one.
    """

    habit_days: float = BLEND.habit_decay / _DAY
    doubt: float = BLEND.doubt
    stale: float = BLEND.stale
    taste: float = BLEND.taste
    here: float = BLEND.here
    popular: float = BLEND.popular
    habit: float = BLEND.habit
    session: float = BLEND.session

    def policy(self) -> BlendPolicy:
        days, doubt, stale, taste, here, popular, habit, session = self
        return replace(
            BLEND,
            habit_decay=timedelta(days=days),
            doubt=doubt,
            stale=stale,
            taste=taste,
            here=here,
            popular=popular,
            habit=habit,
            session=session,
        )


def blend_arrays(tuning: BlendTuning) -> dict[str, NDArray[np.generic]]:
    """As a model's folder holds them."""
    return {BLEND_TUNING: np.array(tuning, np.float32)}


def blend_of(arrays: Mapping[str, NDArray[np.generic]]) -> BlendPolicy:
    """Of a model's arrays that passed `blend_flaw`; the defaults of a model that was not tuned."""
    found = arrays.get(BLEND_TUNING)
    return (
        BLEND
        if found is None
        else BlendTuning(*(round(float(value), 6) for value in found.astype(np.float64))).policy()
    )


def blend_flaw(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """What is wrong with the array, "" if nothing is."""
    found = arrays.get(BLEND_TUNING)
    if found is None:
        return ""
    count = len(BlendTuning._fields)
    if found.dtype != np.float32 or found.shape != (count,):
        return f"{BLEND_TUNING} is not {count} numbers; train again"
    values = found.astype(np.float32)
    if not np.isfinite(values).all() or np.delete(values, BlendTuning._fields.index("habit")).min() < 0:
        return f"{BLEND_TUNING} has a number that is negative or none"
    days = float(values[0])
    return "" if 0 < days < 1e6 else f"{BLEND_TUNING} says habits fade in {days} days"
