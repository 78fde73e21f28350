"""The fallback ladder: what fills a slate when the customer's own candidates do not.

Popular in this store, popular anywhere, then the catalogue in its order. Every rung passes the same filters.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from recommender.draft import Candidate, Draft
from recommender.model import Model
from retail.reference import Reference
from retail.slates import Source

DEPTH = 1000
"""Items looked at on each rung: bounds the time of an answer when most of a catalogue is unavailable."""

NO_MODEL = "no_model"
NO_HISTORY = "no_history"
UNKNOWN_HISTORY = "unknown_history"
FILTERED = "filtered"


def fill(draft: Draft, rungs: Iterable[Candidate]) -> None:
    """Offers what was not offered before, the best first, until the draft is full or nothing is left."""
    if not draft.full:
        draft.offer(_unsettled(rungs, draft.settled()))


def everywhere(store: str, model: Model, reference: Reference) -> Iterator[Candidate]:
    """All rungs, the best first; of an item on two of them both. store: "" for none."""
    return chain(_here(store, model), _popular(model), _catalog(reference))


def reason(model: Model, has_history: bool, known: int) -> str:
    """Why a slate has nothing personal. known: items of the customer's history that the model knows."""
    if not model.items:
        return NO_MODEL
    if not has_history:
        return NO_HISTORY
    return FILTERED if known else UNKNOWN_HISTORY


def _unsettled(candidates: Iterable[Candidate], settled: set[str]) -> Iterator[Candidate]:
    """Those that were not offered before, each once."""
    for candidate in candidates:
        if candidate[0] not in settled:
            settled.add(candidate[0])
            yield candidate


def _here(store: str, model: Model) -> Iterator[Candidate]:
    number = model.stores.get(store)
    if number is None:
        return
    starts = model.shelf.here_starts
    for row in model.shelf.here[starts[number] : starts[number + 1]][:DEPTH].tolist():
        yield model.items[row], 0.0, Source.POPULAR_HERE, ""


def _popular(model: Model) -> Iterable[Candidate]:
    return ((item, 0.0, Source.POPULAR, "") for item in islice(model.items, DEPTH))


def _catalog(reference: Reference) -> Iterable[Candidate]:
    return ((item, 0.0, Source.CATALOG, "") for item in islice(reference.items, DEPTH))
