"""What was learned since the model was trained: held beside it, put by its keeper, only read by who decides.

As with the `Reference`, a decision takes what stands there at its beginning; nothing in it is ever changed in place but
the trends, by one addition at a time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from recommender.session_desk import Found
from recommender.session_index import SessionIndex
from recommender.trends import Trends

TREND_SPAN = timedelta(hours=6)
"""Time in which a click fades to 1/e in a trend: a morning's rush is over by the evening (1 to 6 h are usual)."""

Listed = tuple[tuple[int, int], frozenset[str] | None]
"""The model's number of a store and a channel's place, -1 for none, and the categories that a list is limited to, None
for no limit."""


def no_trends() -> Trends:
    return Trends(TREND_SPAN.total_seconds() * 1000)


class Trend(NamedTuple):
    """The best of a trend as they are merged into one answer. minute: that it is of. length: items found."""

    minute: int
    length: int
    found: Found


@dataclass(eq=False)
class Lately:
    """sessions: the model's and the newest, None before there were any. trends: of all clicks told of.

    lists: the best of the trends, filled as they are asked for.
    """

    sessions: SessionIndex | None = None
    trends: Trends = field(default_factory=no_trends)
    lists: dict[Listed, Trend] = field(default_factory=dict)

    def put(self, sessions: SessionIndex | None, trends: Trends) -> None:
        """What was learned; lists made before are no more."""
        self.sessions, self.trends, self.lists = sessions, trends, {}
