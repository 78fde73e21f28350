"""Past sessions as arrays: which sessions an item was in, what stood in them, what came next; and how to weigh that.

Vector-multiplication-indexed session kNN (Kersbergen, Sprangers and Schelter, SIGMOD 2022): for each item only its
newest sessions are kept, so that a question costs the same however long the shop has been open.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays, lists_flaw, sealed


class Tuning(NamedTuple):
    """How a question is answered; found for each training on its own newest sessions (`training.tuning`).

    newest: sessions of an item that are looked at. neighbours: similar sessions that vote.
    last: items of the asked session that are compared. fading: what each step back in it divides by, as exp(-1/fading).
    reach: the same for the steps between a neighbour's matching click and the click that is voted for.
    backward: weight of a click before the matching one, where one after it has 1.
    rarity: how much a rare matching item counts more, and rarity_voted a rare item voted for: 1 + rarity * idf.
    shortness: power of a neighbour's length that its votes are divided by.
    age: share of the log's sessions in which a neighbour's vote falls to 1/e: 0.1, the newest tenth counts most.
    A share and not days, because a year that is wrong on one line must not make all the others equal.
    seen: what votes for items of the asked session itself are multiplied with.
    follow: weight of what directly followed the item, where the neighbours have 1. follow_second: the same for the
    item before it. again: weight of an item of the session, falling by `again_fading` a step; current: of the newest
    one, which is never answered where it is negative.
    popular: weight of an item's popularity, which decides between what has nothing else.
    """

    newest: float = 500.0
    neighbours: float = 200.0
    last: float = 10.0
    fading: float = 2.0
    reach: float = 2.0
    backward: float = 0.7
    rarity: float = 0.2
    rarity_voted: float = 0.0
    shortness: float = 0.5
    age: float = 1.0
    seen: float = 1.0
    follow: float = 0.3
    follow_second: float = 0.0
    again: float = 0.0
    again_fading: float = 3.0
    current: float = 0.0
    popular: float = 0.01


class SessionIndex(NamedTuple):
    """S sessions of C clicks over I item rows; P entries of items in sessions, F followers.

    clicks: (C,) item rows, the sessions end to end, the oldest first. starts: (S + 1,) where each begins.
    entry_starts: (I + 1,) where an item's entries begin; the newest session first. entries: (P,) session of each;
    places: (P,) the item's last click in that session, in `clicks`.
    follow_starts: (I + 1,); followers, follow_weights: (F,) rows by falling weight, the largest of an item being 1.
    rarity: (I,) inverse document frequency, ln(S / sessions with the item), 0 to 1 by the rarest.
    """

    clicks: NDArray[np.int32]
    starts: NDArray[np.int64]
    entry_starts: NDArray[np.int64]
    entries: NDArray[np.int32]
    places: NDArray[np.int32]
    follow_starts: NDArray[np.int64]
    followers: NDArray[np.int32]
    follow_weights: NDArray[np.float32]
    rarity: NDArray[np.float32]
    popularity: NDArray[np.float32]


SHAPES: Mapping[str, tuple[str, str]] = {
    "clicks": ("<i4", "clicks"),
    "starts": ("<i8", "sessions and one"),
    "entry_starts": ("<i8", "items and one"),
    "entries": ("<i4", "entries"),
    "places": ("<i4", "entries"),
    "follow_starts": ("<i8", "items and one"),
    "followers": ("<i4", "followers"),
    "follow_weights": ("<f4", "followers"),
    "rarity": ("<f4", "items"),
}
"""dtype and axis of every array of the index; axes of one name have one length. Popularity is the shelf's."""

PREFIX = "session_"
"""Of these arrays in a model's folder."""

TUNING = PREFIX + "tuning"
"""The array of a `Tuning`, in the order of its fields, float32."""


def session_arrays(index: SessionIndex, tuning: Tuning) -> dict[str, NDArray[np.generic]]:
    """As a model's folder holds them."""
    arrays: dict[str, NDArray[np.generic]] = {PREFIX + name: getattr(index, name) for name in SHAPES}
    return {**arrays, TUNING: np.array(tuning, np.float32)}


def has_sessions(arrays: Arrays) -> bool:
    return any(name.startswith(PREFIX) for name in arrays)


def no_sessions(items: int) -> dict[str, NDArray[np.generic]]:
    """Arrays of a model that saw no session."""
    lengths = {"sessions and one": 1, "items and one": items + 1, "items": items}
    arrays: dict[str, NDArray[np.generic]] = {
        PREFIX + name: np.zeros(lengths.get(axis, 0), dtype) for name, (dtype, axis) in SHAPES.items()
    }
    return {**arrays, TUNING: np.array(Tuning(), np.float32)}


def index_of(arrays: Arrays) -> SessionIndex:
    """The index over a model's arrays that passed `flaw`, read-only."""
    fields = {name: sealed(arrays[PREFIX + name]) for name in SHAPES}
    return SessionIndex(popularity=sealed(arrays["popularity"]), **fields)  # type: ignore[arg-type]


def read_only(index: SessionIndex) -> SessionIndex:
    """As `index_of` gives it: compiled code tells read-only arrays from others, and is compiled for each kind."""
    return SessionIndex(*map(sealed, index))  # type: ignore[arg-type]


def tuning_of(arrays: Arrays) -> Tuning:
    return Tuning(*arrays[TUNING].astype(np.float64).tolist())


def flaw(arrays: Arrays) -> str:
    """What is wrong with the arrays of a model, "" if nothing is. Compiled code does not check bounds."""
    lengths = {"items": (len(arrays["keys"]), "keys")}
    misshapen = lists_flaw(arrays, PREFIX, SHAPES, lengths)
    if misshapen:
        return misshapen
    tuning = arrays.get(TUNING)
    if tuning is None or tuning.shape != (len(Tuning._fields),) or not np.isfinite(tuning).all():
        return f"{TUNING} is not {len(Tuning._fields)} numbers"
    return _wrong_values({name: arrays[PREFIX + name] for name in SHAPES}, len(arrays["keys"]))


def _wrong_values(arrays: Arrays, items: int) -> str:
    sessions, clicks = len(arrays["starts"]) - 1, len(arrays["clicks"])
    for name, length in (("starts", clicks), ("entry_starts", len(arrays["entries"]))):
        if not _divides(arrays[name], length):
            return f"{PREFIX + name} does not divide {length} entries"
    if not _divides(arrays["follow_starts"], len(arrays["followers"])):
        return f"{PREFIX}follow_starts does not divide the followers"
    if len(arrays["entry_starts"]) != items + 1:
        return f"{PREFIX}entry_starts is not of {items} items"
    for name, limit in (("clicks", items), ("followers", items), ("entries", sessions), ("places", clicks)):
        rows = arrays[name]
        if rows.size and not (int(rows.min()) >= 0 and int(rows.max()) < limit):
            return f"{PREFIX + name} points outside of {limit}"
    return ""


def _divides(starts: NDArray[np.generic], length: int) -> bool:
    return len(starts) > 0 and int(starts[0]) == 0 and int(starts[-1]) == length and not (np.diff(starts) < 0).any()
