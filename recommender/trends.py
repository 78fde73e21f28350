"""What is chosen more and more just now, here and everywhere: counters that fade, one addition a click.

A counter holds sum(exp((t - epoch) / tau)), so that nothing has to be touched as time goes by: reading divides by
exp((now - epoch) / tau), the same for all, and the order does not depend on when it is asked for.
"""

import math
from collections.abc import Iterable
from heapq import nlargest
from operator import itemgetter
from typing import NamedTuple

from recommender.recent_clicks import Clicks
from retail.clicks import NO_STORE

EVERYWHERE = (0, -1)
"""The scope of all stores and channels."""

Scope = tuple[int, int]
"""A store's number or 0, and a channel's place or -1."""

MOST_ITEMS = 5000
"""Counters kept per scope, the largest; twice as many at most before the others go."""

MOST_SCOPES = 2000
"""Stores and channels told apart; more share only what holds everywhere. Bounds the memory, with MOST_ITEMS."""

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

    def __init__(self, span: float, remembered: int = 200_000) -> None:
        """remembered: pairs of session and item that are known to have counted."""
        self._span = span
        self._epoch = 0
        self._counts: dict[Scope, dict[int, float]] = {}
        self._known: dict[int, None] = {}
        self._remembered = remembered

    def __len__(self) -> int:
        """Scopes in which something was chosen."""
        return len(self._counts)

    def take(self, clicks: Clicks) -> None:
        fields = ("session", "item", "at", "store", "channel")
        for session, item, at, store, channel in zip(*(clicks[name].tolist() for name in fields), strict=True):
            pair = session ^ item << 1
            if pair not in self._known:
                self._known[pair] = None
                self._count(item, at, store, channel)
        excess = len(self._known) - self._remembered
        for pair in list(self._known)[:excess] if excess > 0 else ():
            del self._known[pair]

    def top(self, scope: Scope, at: int, most: int) -> list[Trending]:
        """The `most` largest at the moment `at` (milliseconds), the largest first; equal ones by item key."""
        fade = math.exp(min((self._epoch - at) / self._span, 0.0))
        counts = self._counts.get(scope, {}).items()
        found = nlargest(most, [(value * fade, -item) for item, value in counts if value * fade >= ENOUGH])
        return [Trending(-item, value) for value, item in found]

    def _count(self, item: int, at: int, store: int, channel: int) -> None:
        if at - self._epoch > REBASE * self._span:
            self._rebase(at)
        gain = math.exp((at - self._epoch) / self._span)
        scopes = {EVERYWHERE, (NO_STORE, channel), (store, -1)}
        for scope in scopes:
            counts = self._counts.get(scope)
            if counts is None:
                if len(self._counts) >= MOST_SCOPES:
                    continue
                counts = self._counts[scope] = {}
            counts[item] = counts.get(item, 0.0) + gain
            if len(counts) > 2 * MOST_ITEMS:
                self._counts[scope] = dict(_largest(counts.items()))

    def _rebase(self, at: int) -> None:
        fade = math.exp((self._epoch - at) / self._span)
        faded = {scope: {i: v * fade for i, v in counts.items()} for scope, counts in self._counts.items()}
        self._counts = {
            s: kept for s, counts in faded.items() if (kept := {i: v for i, v in counts.items() if v > 1e-6})
        }
        self._epoch = at


def _largest(counts: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    return nlargest(MOST_ITEMS, counts, key=itemgetter(1))
