"""The attribution token of an answer: what it shows, for the page to send back with what the customer does."""

from collections.abc import Sequence

from recommender.exploration import Explored
from recommender.merchandising import OFFERS
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


def token_of_offers(answer: str, offers: Sequence[str], store: str, at: int, key: bytes) -> str:
    """answer: its id. offers: ids, as they are shown. at: milliseconds."""
    sources = ("offer",) * len(offers)
    shown = Shown(answer=answer, at=at, placement=OFFERS, items=tuple(offers), sources=sources, store=store)
    return seal(shown, key)
