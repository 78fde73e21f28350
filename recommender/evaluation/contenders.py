"""Who is judged: the shipped blend, baselines as blends of a single source, and the blend with a part taken out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from recommender import blend
from recommender.model import Model
from recommender.policy import BlendPolicy

BLEND = "blend"
RANKED = "ranker over the blend"
POPULARITY = "popularity"
TOGETHER = "co-visitation"
TASTE = "als"
SESSIONS = "sessions alone"
NEIGHBOURS = "session neighbours alone"
RULES = "sequential rules alone"

SHIPPED = blend.BLEND

_NONE = replace(SHIPPED, habit=0.0, together=0.0, taste=0.0, here=0.0, popular=0.0, session=0.0)


@dataclass(frozen=True)
class Contender:
    """policy: weights of the sources. tuning: fields of the session model that are not as trained."""

    policy: BlendPolicy
    tuning: Mapping[str, float] = field(default_factory=dict)

    def of(self, model: Model) -> Model:
        """The model as this contender asks it."""
        return replace(model, tuning=model.tuning._replace(**self.tuning)) if self.tuning else model


BASELINES = {
    POPULARITY: Contender(replace(_NONE, popular=1.0)),
    TOGETHER: Contender(replace(_NONE, together=1.0)),
    TASTE: Contender(replace(_NONE, taste=1.0)),
}
"""Ties within a baseline go to the more popular item."""

_ONE_SESSION = replace(SHIPPED, session_gap=timedelta(days=36_500), in_view=timedelta(seconds=-1))
"""A file says by itself what a session is; and an item that is looked at twice is a case like any other."""

_OWN = replace(_NONE, session=1.0, session_gap=_ONE_SESSION.session_gap, in_view=_ONE_SESSION.in_view)

SESSION_CONTENDERS = {
    **{
        name: replace(
            contender,
            policy=replace(contender.policy, session_gap=_ONE_SESSION.session_gap, in_view=_ONE_SESSION.in_view),
        )
        for name, contender in BASELINES.items()
    },
    RULES: Contender(_OWN, {"neighbours": 0.0, "again": 0.0, "follow": 1.0}),
    NEIGHBOURS: Contender(_OWN, {"follow": 0.0, "follow_second": 0.0, "again": 0.0}),
    SESSIONS: Contender(_OWN),
    "blend without rules": Contender(_ONE_SESSION, {"follow": 0.0, "follow_second": 0.0}),
    "blend without returns": Contender(_ONE_SESSION, {"again": 0.0, "current": -1.0}),
    "blend without distances": Contender(_ONE_SESSION, {"reach": 1e9, "backward": 1.0}),
    "blend without rarity": Contender(_ONE_SESSION, {"rarity": 0.0, "rarity_voted": 0.0}),
    "blend without sessions": Contender(replace(_ONE_SESSION, session=0.0)),
    BLEND: Contender(_ONE_SESSION),
}
"""The blend last: what has to beat the others."""


def basket_contenders(shipped: BlendPolicy) -> dict[str, BlendPolicy]:
    """Policies by name, what is shipped last: the blend, or the ranker over it where training kept one.

    shipped: of the trained model.
    """
    blended = replace(shipped, ranked=0)
    ranker = {RANKED: shipped, "ranker over the best 100": replace(shipped, ranked=100)} if shipped.ranked else {}
    return {
        **{name: contender.policy for name, contender in BASELINES.items()},
        "blend before tuning": SHIPPED,
        "blend without habits": replace(blended, habit=0.0),
        "blend without co-visitation": replace(blended, together=0.0),
        "blend without als": replace(blended, taste=0.0),
        "blend without popularity": replace(blended, popular=0.0),
        BLEND: blended,
        **dict(reversed(ranker.items())),
    }
