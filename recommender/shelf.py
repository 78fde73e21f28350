"""The arrays of a model as the kernel reads them, and the rules they must obey."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays, sealed


class Shelf(NamedTuple):
    """I items, the most popular first; K factors, N neighbours, M alike, S stores. Weights are 0 to 1.

    Rows go by popularity, so that what is asked for most lies together in the caches.

    keys, rows: (I,) uint64 ascending, and the row of each.
    starts, shift: where in keys each bucket of `key >> shift` begins.
    factors, aids: (I, K) float32; aids = factors (YtY + regularization)^-1, what the fold-in needs.
    together, together_weights: (I, N) neighbours, the strongest first; weight 0 ends a list.
    alike, alike_weights: (I, M) the nearest by factors, in the same form.
    popularity: (I,) falling.
    here_starts, here, here_weights: popular rows of store s are here[here_starts[s]:here_starts[s + 1]].
    codes, scales: (I, K) int8 and (I,) float32, factors = codes * scales to 0.4 % of a row's largest: a cache line
    an item instead of four. Ranking reads these; the fold-in is exact.
    alpha: a purchase counted n times has confidence 1 + alpha n, a scalar array (1,) float32.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    shift: np.uint64
    factors: NDArray[np.float32]
    aids: NDArray[np.float32]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    together: NDArray[np.int32]
    together_weights: NDArray[np.float32]
    alike: NDArray[np.int32]
    alike_weights: NDArray[np.float32]
    popularity: NDArray[np.float32]
    here_starts: NDArray[np.int64]
    here: NDArray[np.int32]
    here_weights: NDArray[np.float32]
    alpha: NDArray[np.float32]


SHAPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "keys": ("<u8", ("items",)),
    "rows": ("<i4", ("items",)),
    "factors": ("<f4", ("items", "factors")),
    "aids": ("<f4", ("items", "factors")),
    "together": ("<i4", ("items", "neighbours")),
    "together_weights": ("<f4", ("items", "neighbours")),
    "alike": ("<i4", ("items", "alike")),
    "alike_weights": ("<f4", ("items", "alike")),
    "popularity": ("<f4", ("items",)),
    "here_starts": ("<i8", ("stores and one",)),
    "here": ("<i4", ("here",)),
    "here_weights": ("<f4", ("here",)),
    "alpha": ("<f4", ("one",)),
    "item_ids": ("u1", ("bytes of item ids",)),
    "store_ids": ("u1", ("bytes of store ids",)),
}
"""dtype and axes of every array of a model's folder; axes of one name have one length.

item_ids, store_ids: the texts in row order, UTF-8, each ended by a zero byte.
"""

ROWS = ("rows", "together", "alike", "here")
"""Arrays that hold item rows: compiled code does not check bounds, so they are checked when a model is opened."""


def make_shelf(arrays: Arrays) -> Shelf:
    """The shelf over arrays that passed `flaw`, read-only, with the directory of its keys."""
    fields = {name: sealed(arrays[name]) for name in SHAPES if name in Shelf._fields}
    starts, shift = _directory(arrays["keys"])
    codes, scales = _coarse(fields["factors"].astype(np.float32, copy=False))
    derived = {"starts": sealed(starts), "codes": sealed(codes), "scales": sealed(scales)}
    return Shelf(shift=np.uint64(shift), **derived, **fields)  # type: ignore[arg-type]


def flaw(arrays: Arrays) -> str:
    """What is wrong with the arrays, "" if nothing is."""
    lengths: dict[str, tuple[int, str]] = {}
    for name, (dtype, axes) in SHAPES.items():
        array = arrays.get(name)
        if array is None:
            return f"{name} is missing"
        if array.dtype != np.dtype(dtype) or array.ndim != len(axes):
            return f"{name} is {array.ndim}-dimensional {array.dtype}, not {len(axes)}-dimensional {np.dtype(dtype)}"
        for axis, length in zip(axes, array.shape, strict=True):
            known, first = lengths.setdefault(axis, (length, name))
            if known != length:
                return f"{name} has {length} {axis}, {first} has {known}"
    return _wrong_values(arrays)


def _wrong_values(arrays: Arrays) -> str:
    items = len(arrays["keys"])
    if items > 1 and not (arrays["keys"][1:] > arrays["keys"][:-1]).all():  # type: ignore[operator]
        return "keys are not ascending"
    for name in ROWS:
        rows = arrays[name]
        if rows.size and not (int(rows.min()) >= 0 and int(rows.max()) < items):
            return f"{name} points outside the {items} items"
    starts = arrays["here_starts"]
    if int(starts[0]) or int(starts[-1]) != len(arrays["here"]) or (np.diff(starts) < 0).any():
        return "here_starts does not divide here"
    if not np.isfinite(arrays["factors"]).all() or not np.isfinite(arrays["aids"]).all():
        return "factors hold values that are not numbers"
    return ""


def _directory(keys: NDArray[np.generic]) -> tuple[NDArray[np.int32], int]:
    """About one key per bucket: keys are hashes, so their leading bits say where they stand."""
    bits = max(1, len(keys).bit_length())
    shift = 64 - bits
    bounds = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(shift)
    starts = np.searchsorted(keys, bounds)
    return np.concatenate(([0], starts, [len(keys)])).astype(np.int32), shift


def _coarse(factors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The factors in 8 bits, and what each row's are multiples of."""
    scales = np.abs(factors).max(axis=1, initial=0.0) / 127
    codes = np.rint(factors / np.where(scales > 0, scales, 1)[:, None])
    return codes.astype(np.int8), scales.astype(np.float32)
