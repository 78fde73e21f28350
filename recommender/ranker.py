"""The learned order of candidates as plain arrays: decision trees, and how each item is bought again."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays, lists_flaw, sealed
from recommender.rank_columns import FEATURES
from recommender.rank_features import Repeats

RANKED = 30
"""Candidates that are put in order, the best of the blend, where training did not find that more are worth their time
(docs/decisions/0010-ranking.md)."""

DEEPEST = 200


class Trees(NamedTuple):
    """T trees of N inner nodes and L leaves. roots: (T,) a node, or -1 - leaf for a tree without a split.

    features: (N,) column that is compared. thresholds: (N,); up to it the way goes left. left, right: (N,) a node, or
    -1 - leaf. leaves: (L,) what each adds to the worth of a candidate.
    """

    roots: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaves: NDArray[np.float64]


class Ranker(NamedTuple):
    """depth: candidates that are put in order."""

    trees: Trees
    repeats: Repeats
    depth: int = RANKED


PREFIX = "ranker_"
"""Of these arrays in a model's folder; a model without any orders by the blend."""

SHAPES: Mapping[str, tuple[str, str]] = {
    "roots": ("<i4", "trees"),
    "features": ("<i4", "nodes"),
    "thresholds": ("<f8", "nodes"),
    "left": ("<i4", "nodes"),
    "right": ("<i4", "nodes"),
    "leaves": ("<f8", "leaves"),
    "again": ("<f4", "items"),
    "gaps": ("<f4", "items"),
    "columns": ("<i4", "one"),
    "depth": ("<i4", "one"),
}
"""dtype and axis of every array; axes of one name have one length. columns: how many features it was learned from."""


def ranker_arrays(ranker: Ranker) -> dict[str, NDArray[np.generic]]:
    """As a model's folder holds them."""
    numbers = {"columns": len(FEATURES), "depth": ranker.depth}
    ones = {name: np.array([number], np.int32) for name, number in numbers.items()}
    fields = {**ranker.trees._asdict(), **ranker.repeats._asdict(), **ones}
    return {PREFIX + name: fields[name] for name in SHAPES}


def no_ranker() -> Ranker:
    """Of no item and no tree: what the kernels are compiled with before there is one."""
    none = {name: sealed(np.zeros(0, dtype)) for name, (dtype, _) in SHAPES.items()}
    return _made(none)


def ranker_of(arrays: Arrays) -> Ranker | None:
    """Of a model's arrays that passed `ranker_flaw`, read-only; None where there is none."""
    if PREFIX + "roots" not in arrays:
        return None
    return _made({name: sealed(arrays[PREFIX + name]) for name in SHAPES})


def _made(fields: Arrays) -> Ranker:
    trees = Trees(*(fields[name] for name in Trees._fields))  # type: ignore[arg-type]
    repeats = Repeats(*(fields[name] for name in Repeats._fields))  # type: ignore[arg-type]
    return Ranker(trees, repeats, *fields["depth"].astype(int).tolist())


def ranker_flaw(arrays: Arrays) -> str:
    """What is wrong with the arrays of a model, "" if nothing is. Compiled code does not check bounds."""
    if not any(name.startswith(PREFIX) for name in arrays):
        return ""
    lengths = {"items": (len(arrays["keys"]), "keys"), "one": (1, "one number")}
    misshapen = lists_flaw(arrays, PREFIX, SHAPES, lengths)
    if misshapen:
        return misshapen
    return _wrong_values({name: arrays[PREFIX + name] for name in SHAPES})


def _wrong_values(arrays: Arrays) -> str:
    columns, nodes, leaves = int(arrays["columns"][0]), len(arrays["features"]), len(arrays["leaves"])
    if columns != len(FEATURES):
        return f"{PREFIX}columns: learned from {columns} features, this program knows {len(FEATURES)}; train again"
    if not 0 < int(arrays["depth"][0]) <= DEEPEST:
        return f"{PREFIX}depth is not from 1 to {DEEPEST}"
    features = arrays["features"]
    if nodes and not (int(features.min()) >= 0 and int(features.max()) < columns):
        return f"{PREFIX}features points outside of {columns}"
    for name in ("left", "right", "roots"):
        ways = arrays[name].astype(np.int64)
        if ways.size and not (int(ways.min()) >= -leaves and int(ways.max()) < nodes):
            return f"{PREFIX + name} points outside of {nodes} nodes and {leaves} leaves"
    for name in ("left", "right"):
        ways = arrays[name].astype(np.int64)
        if ((ways >= 0) & (ways <= np.arange(nodes))).any():
            return f"{PREFIX + name} leads back, where a walk would never end"
    finite = (np.isfinite(arrays[name]).all() for name in ("thresholds", "leaves", "again", "gaps"))
    return "" if all(finite) and not (arrays["gaps"] <= 0).any() else f"{PREFIX}arrays hold values that cannot be"  # type: ignore[operator]
