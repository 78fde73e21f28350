"""The fallback ladder: what fills a slate when the customer's own candidates do not.

Popular in this store, popular anywhere, then the catalogue in its order. Every rung passes the same filters.
"""

from collections.abc import Iterable, Iterator
from itertools import filterfalse, islice, repeat

from recommender.draft import Draft
from recommender.model import Model
from retail.reference import Reference
from retail.slates import Source

DEPTH = 1000
"""Items looked at on each rung: bounds the time of an answer when most of a catalogue is unavailable."""

NO_MODEL = "no_model"
NO_HISTORY = "no_history"
UNKNOWN_HISTORY = "unknown_history"
FILTERED = "filtered"


Rung = tuple[Iterable[str], Source]
"""Items, the best first, and what they are shown as."""


def fill(draft: Draft, rungs: Iterable[Rung]) -> None:
    """Offers what was not offered before, the best first, until the draft is full or nothing is left."""
    for items, source in rungs:
        if draft.full:
            return
        unsettled = filterfalse(draft.settled().__contains__, items)
        draft.offer(zip(unsettled, repeat(0.0), repeat(source), repeat("")))


def everywhere(store: str, model: Model, reference: Reference) -> Iterator[Rung]:
    """All rungs, the best first; an item may be on each of them. store: "" for none."""
    yield _here(store, model), Source.POPULAR_HERE
    yield islice(model.items, DEPTH), Source.POPULAR
    yield islice(reference.items, DEPTH), Source.CATALOG


def reason(model: Model, has_history: bool, known: int) -> str:
    """Why a slate has nothing personal. known: items of the customer's history that the model knows."""
    if not model.items:
        return NO_MODEL
    if not has_history:
        return NO_HISTORY
    return FILTERED if known else UNKNOWN_HISTORY


def _here(store: str, model: Model) -> Iterator[str]:
    number = model.stores.get(store)
    if number is None:
        return iter(())
    starts = model.shelf.here_starts
    return map(model.items.__getitem__, model.shelf.here[starts[number] : starts[number + 1]][:DEPTH].tolist())
