"""Who is judged: the shipped blend, and the baselines as blends of a single source through the same kernel."""

from dataclasses import replace

from recommender.policy import BlendPolicy

BLEND = "blend"
POPULARITY = "popularity"
PERSONAL = "personal frequency"
TOGETHER = "co-visitation"
TASTE = "als"

SHIPPED = BlendPolicy()

_NONE = replace(SHIPPED, habit=0.0, together=0.0, taste=0.0, here=0.0, popular=0.0)

CONTENDERS = {
    POPULARITY: replace(_NONE, popular=1.0),
    PERSONAL: replace(_NONE, habit=1.0),
    TOGETHER: replace(_NONE, together=1.0),
    TASTE: replace(_NONE, taste=1.0),
    BLEND: SHIPPED,
}
"""The blend last: what has to beat the others. Ties within a baseline go to the more popular item."""
