"""Scratch that a thread uses again for the next call: making it takes as long as answering a customer."""

from functools import lru_cache
from threading import local

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Batch, Pad, Weights, scratch, weights_of
from recommender.policy import BlendPolicy
from recommender.rank_features import Known, Repeats
from recommender.shelf import Shelf


class Workspace(local):
    """What was made last, and what for. own: candidates that the batch brings beside those of the shelf, at most."""

    pad: Pad | None = None
    shelf: Shelf | None = None
    weights: Weights | None = None
    own: int = 0
    policy: BlendPolicy | None = None
    told: Weights
    known: Known | None = None

    def known_for(self, shelf: Shelf, keys: NDArray[np.uint64], repeats: Repeats) -> Known:
        """The same object as long as it is of the same model."""
        known = self.known
        if known is None or known.shelf is not shelf or known.repeats is not repeats:
            known = self.known = Known(shelf, keys, repeats)
        return known

    def weights_for(self, policy: BlendPolicy) -> Weights:
        """As `cached_weights`: that one compares twenty fields, this one asks whether it is the same policy."""
        if self.policy is not policy:
            self.policy, self.told = policy, cached_weights(policy)
        return self.told

    def pad_for(self, shelf: Shelf, batch: Batch, weights: Weights) -> Pad:
        """Large enough for the batch; as large as the largest one so far needed."""
        habits = len(batch.habits) if len(batch.at) == 1 else int(np.diff(batch.habit_starts).max(initial=0))
        own = habits + batch.offered.size
        if self.pad is None or self.shelf is not shelf or self.weights is not weights or own > self.own:
            self.pad = scratch(shelf, batch, weights)
            self.shelf, self.weights, self.own = shelf, weights, own
        return self.pad


@lru_cache(maxsize=64)
def cached_weights(policy: BlendPolicy) -> Weights:
    """The same object for the same policy."""
    return weights_of(policy)
