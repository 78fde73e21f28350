"""The arrays of a model as compiled code takes them: sealed, and lists of the lengths that they should have."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]
"""By name."""


def sealed(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A plain, read-only view, row by row: whatever it was made of, the kernel is compiled for it once."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def lists_flaw(
    arrays: Arrays, prefix: str, shapes: Mapping[str, tuple[str, str]], lengths: Mapping[str, tuple[int, str]]
) -> str:
    """What is wrong with the lists, "" if nothing is. Compiled code does not check bounds.

    shapes: by name without the prefix, the type and the axis; lists of one axis are equally long. lengths: of axes
    that are known before, and by which name.
    """
    known_lengths = dict(lengths)
    for name, (dtype, axis) in shapes.items():
        array = arrays.get(prefix + name)
        if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
            return f"{prefix + name} is missing or no list of {np.dtype(dtype)}"
        known, first = known_lengths.setdefault(axis, (len(array), prefix + name))
        if known != len(array):
            return f"{prefix + name} has {len(array)} {axis}, {first} has {known}"
    return ""
