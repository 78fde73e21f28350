"""A model in shadow: asked what it would have answered, once the answer is out; compared, counted, never shown.

One question at a time and on the same thread, so that it delays others by one slate of each model at most; those that
come meanwhile are counted as skipped.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog

from gateway.shadow_meters import ShadowMeters
from recommender.model import Model
from recommender.placed import Spot, slate_for
from recommender.recommend import Query
from recommender.serving import Serving
from retail.reference import Reference

PAUSE = 0.005
"""Seconds between an answer and its comparison: by then the answer is written."""

FIRST = 10
"""Items that are compared: what a page shows."""

log = structlog.get_logger()


@dataclass
class Shadowing:
    """failed: versions of which it was said that they fail."""

    reference: Reference
    meters: ShadowMeters
    failed: set[str] = field(default_factory=set)
    _busy: bool = field(default=False, init=False)

    def beside(self, query: Query, spot: Spot, serving: Serving) -> None:
        """Compares later, if this answer is of the sample. The models are those that serve now."""
        shadow = serving.shadow
        if shadow is None or not shadow.trial.includes(f"{query.customer}\x00{query.at}"):
            return
        if self._busy:
            self.meters.skipped(shadow.model.version)
            return
        self._busy = True
        asyncio.get_running_loop().call_later(PAUSE, self._compare, query, spot, serving.current, shadow.model)

    def _compare(self, query: Query, spot: Spot, current: Model, shadow: Model) -> None:
        """Both are asked anew, so that neither chance nor what was learned since tells them apart."""
        self._busy = False
        try:
            shown, serving = self._timed(query, spot, current)
            other, seconds = self._timed(query, spot, shadow)
        except Exception as fault:  # noqa: BLE001 - whatever a new model breaks, customers have their answer
            self._tell(shadow.version, fault)
            return
        self.meters.compared(shadow.version, overlap(shown, other), serving, seconds)

    def _timed(self, query: Query, spot: Spot, model: Model) -> tuple[list[str], float]:
        began = time.perf_counter()
        slate = slate_for(query, spot, model, self.reference)
        return [chosen.item for chosen in slate.items], time.perf_counter() - began

    def _tell(self, version: str, fault: Exception) -> None:
        """By kind and not by its words, which may name a customer; once a version."""
        self.meters.failed(version)
        if version not in self.failed:
            self.failed.add(version)
            log.error("a model in shadow failed", version=version, kind=type(fault).__name__)


def overlap(one: list[str], other: list[str]) -> float:
    """Share of the first `FIRST` items of the longer that both show; 1 where both show none."""
    first, second = set(one[:FIRST]), set(other[:FIRST])
    longest = max(len(first), len(second))
    return len(first & second) / longest if longest else 1.0
