"""The attribution token of an answer: what it shows, for the page to send back with what the customer does."""

from recommender.exploration import Explored
from retail.attribution import Shown, seal


def token_of(answer: str, explored: Explored, store: str, key: bytes) -> str:
    """answer: its id. Its cost is measured by `benchmarks/attribution.py`."""
    slate = explored.slate
    shown = Shown(
        answer=answer,
        at=slate.at,
        placement=slate.placement,
        items=tuple([chosen.item for chosen in slate.items]),
        sources=tuple([chosen.source for chosen in slate.items]),
        model=slate.model,
        store=store,
        draws=explored.draws,
    )
    return seal(shown, key)
