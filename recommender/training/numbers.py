"""Ids to numbers: every new id gets the next one."""

import numpy as np
from numpy.typing import NDArray


class Numbers(dict[str, int]):
    """Looking up an unknown id numbers it: `numbers[id]`."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number

    def ids(self) -> tuple[str, ...]:
        """By number."""
        return tuple(self)


def numbered(ids: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Integer ids of a column: the distinct ones as text, ascending, and each line's number among them."""
    distinct, lines = np.unique(ids, return_inverse=True)
    return tuple(map(str, distinct.tolist())), lines.astype(np.int32)
