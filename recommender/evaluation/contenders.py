"""Who is judged: the shipped blend, baselines as blends of a single source, and the blend with a part taken out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from recommender import blend
from recommender.model import Model
from recommender.policy import BlendPolicy
from recommender.training.session_weight import as_one_session

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


def session_contenders(shipped: BlendPolicy) -> dict[str, Contender]:
    """By name, the blend last: what has to beat the others. shipped: of the trained model."""
    blended, own = as_one_session(shipped), as_one_session(replace(_NONE, session=1.0))
    single = {
        name: replace(contender, policy=as_one_session(contender.policy)) for name, contender in BASELINES.items()
    }
    return {
        **single,
        RULES: Contender(own, {"neighbours": 0.0, "again": 0.0, "follow": 1.0}),
        NEIGHBOURS: Contender(own, {"follow": 0.0, "follow_second": 0.0, "again": 0.0}),
        SESSIONS: Contender(own),
        "blend before tuning": Contender(as_one_session(SHIPPED)),
        "blend without rules": Contender(blended, {"follow": 0.0, "follow_second": 0.0}),
        "blend without returns": Contender(blended, {"again": 0.0, "current": -1.0}),
        "blend without distances": Contender(blended, {"reach": 1e9, "backward": 1.0}),
        "blend without rarity": Contender(blended, {"rarity": 0.0, "rarity_voted": 0.0}),
        "blend without sessions": Contender(replace(blended, session=0.0)),
        BLEND: Contender(blended),
    }


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
