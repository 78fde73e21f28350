"""What is chosen more and more just now, here and everywhere: counters that fade, one addition a click.

A counter holds sum(exp((t - epoch) / tau)), so that nothing has to be touched as time goes by: reading divides by
exp((now - epoch) / tau), the same for all, and the order does not depend on when it is asked for.
"""

import math
from collections.abc import Callable
from heapq import nlargest
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from recommender.recent_clicks import Clicks
from retail.clicks import NO_STORE

EVERYWHERE = (0, -1)
"""The scope of all stores and channels."""

Scope = tuple[int, int]
"""A store's number or 0, and a channel's place or -1."""

ROUNDING = 1e-12
"""Share by which two counters may differ and be equal once they have faded."""

MOST_ITEMS = 5000
"""Counters kept per scope, the largest; twice as many at most before the others go."""

COUNTERS = 400_000
"""Counters of all stores together, some 40 MB: where they have no room for MOST_ITEMS each, they share it equally.
A list shows its best dozens, so a chain of 2,000 stores loses nothing with 200 each."""

MOST_SCOPES = 2000
"""Stores and channels told apart; more share only what holds everywhere."""

ENOUGH = 3.0
"""Fading sessions from which a choice is a trend: one customer alone sets none, and is not seen in one."""

REBASE = 200.0
"""Spans after which the counters are counted from a newer moment: exp(709) is the largest number there is."""


class Trending(NamedTuple):
    """item: key. sessions: that chose it, faded to the moment asked for."""

    item: int
    sessions: float


class Trends:
    """Each session counts once per item. span: milliseconds in which a click fades to 1/e."""

    def __init__(self, span: float, remembered: int = 200_000, counters: int = COUNTERS) -> None:
        """remembered: pairs of session and item that are known to have counted, at least; twice as many at most.
        counters: of all stores together, twice as many at most."""
        self._span = span
        self._epoch = 0
        self._counts: dict[Scope, dict[int, float]] = {}
        self._known: set[int] = set()
        self._known_before: set[int] = set()
        self._remembered = remembered
        self._counters_of_stores = counters

    def __len__(self) -> int:
        """Scopes in which something was chosen."""
        return len(self._counts)

    def take(self, clicks: Clicks) -> None:
        chosen = clicks[self._are_new(clicks)]
        if not len(chosen):
            return
        newest = int(chosen["at"].max())
        if newest - self._epoch > REBASE * self._span:
            self._rebase(newest)
        gains = np.exp((chosen["at"].astype(np.float64) - self._epoch) / self._span).tolist()
        places = zip(chosen["store"].tolist(), chosen["channel"].tolist(), strict=True)
        scopes: dict[tuple[int, int], list[dict[int, float]]] = {}
        for item, gain, place in zip(chosen["item"].tolist(), gains, places, strict=True):
            counters = scopes.get(place) or scopes.setdefault(place, self._counters(*place))
            for counts in counters:
                counts[item] = counts.get(item, 0.0) + gain
        self._prune()

    def top(self, scope: Scope, at: int, most: int, among: Callable[[int], bool] | None = None) -> list[Trending]:
        """The `most` largest at the moment `at` (milliseconds), the largest first; equal ones by item key. among: which
        item keys count, None for all."""
        fade = math.exp(min((self._epoch - at) / self._span, 0.0))
        counts = self._counts.get(scope, {})
        found = counts.items() if among is not None or len(counts) <= most else _leading(counts, most)
        enough = [(value * fade, -item) for item, value in found if value * fade >= ENOUGH]
        wanted = enough if among is None else [one for one in enough if among(-one[1])]
        return [Trending(-item, value) for value, item in nlargest(most, wanted)]

    def _are_new(self, clicks: Clicks) -> list[bool]:
        """By click, whether its session had not chosen the item before."""
        new: list[bool] = []
        known, before = self._known, self._known_before
        for pair in (clicks["session"] ^ clicks["item"] << np.uint64(1)).tolist():
            new.append(pair not in known and pair not in before)
            known.add(pair)
        if len(known) >= self._remembered:
            self._known, self._known_before = set(), known
        return new

    def _counters(self, store: int, channel: int) -> list[dict[int, float]]:
        """Those that a click there adds to."""
        scopes = {EVERYWHERE, (NO_STORE, channel), (store, -1)}
        room = MOST_SCOPES - len(self._counts)
        for scope in [scope for scope in scopes if scope not in self._counts][:room]:
            self._counts[scope] = {}
        return [self._counts[scope] for scope in scopes if scope in self._counts]

    def _prune(self) -> None:
        share = min(MOST_ITEMS, self._counters_of_stores // max(len(self._counts), 1))
        for scope, counts in self._counts.items():
            most = MOST_ITEMS if scope[0] == NO_STORE else share
            if len(counts) > 2 * most:
                self._counts[scope] = dict(nlargest(most, counts.items(), key=itemgetter(1)))

    def _rebase(self, at: int) -> None:
        fade = math.exp((self._epoch - at) / self._span)
        faded = {scope: {i: v * fade for i, v in counts.items()} for scope, counts in self._counts.items()}
        self._counts = {
            s: kept for s, counts in faded.items() if (kept := {i: v for i, v in counts.items() if v > 1e-6})
        }
        self._epoch = at


def _leading(counts: dict[int, float], most: int) -> list[tuple[int, float]]:
    """Those among which the `most` largest are: hardly more, found without a step of Python for each counter."""
    values = np.fromiter(counts.values(), np.float64, len(counts))
    least = np.partition(values, -most)[-most] * (1 - ROUNDING)
    items = list(counts)
    places = np.flatnonzero(values >= least)
    return [(items[place], value) for place, value in zip(places.tolist(), values[places].tolist(), strict=True)]
