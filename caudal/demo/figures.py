"""The demo's result in figures: one JSON object, whose names stay as they are."""

import msgspec


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """events: sent and accepted, each once; applied, lost, doubled, rejected: of them, by the recount.

    slates: written warm. pushes: handed to the app's inbox. withheld: decisions not to push, by reason.
    events_per_second: applied while the history was played straight to Kafka, the stretch without a set speed.
    hit_rate_at_10: share of measured baskets with an item of the slate shown before; popularity_hit_rate_at_10: of
    the ten best-sellers, on the same baskets. seconds: from the start of the command to the end of the recount.
    """

    events: int
    applied: int
    lost: int
    doubled: int
    rejected: int
    slates: int
    pushes: int
    withheld: dict[str, int]
    events_per_second: float
    hit_rate_at_10: float
    popularity_hit_rate_at_10: float
    seconds: float
