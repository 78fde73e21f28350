"""The packed parts of a customer's state as arrays: what `retail.habits` and `retail.history` write, byte for byte."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HABIT = np.dtype([("item", "<u8"), ("value", "<f4"), ("last", "<u4"), ("first", "<u2"), ("times", "<u2")])
"""One repeat counter: item key, count as it stood at `last`, seconds; the day of the oldest purchase, and how many."""

INTERACTION = np.dtype([("item", "<u8"), ("at", "<u4"), ("kind", "u1"), ("channel", "u1"), ("quantity", "<u2")])
"""One interaction, oldest first in a history. kind: `retail.customers.Interaction`."""

CLICK = np.dtype(
    [
        ("session", "<u8"),
        ("item", "<u8"),
        ("at", "<u8"),
        ("store", "<u4"),
        ("kind", "u1"),
        ("channel", "u1"),
        ("rest", "<u2"),
    ]
)
"""What somebody chose, as `retail.clicks` writes it."""


class Packed(NamedTuple):
    """Records of several customers end to end. starts: (Q + 1,) int64, customer q has starts[q] to starts[q + 1]."""

    records: NDArray[np.void]
    starts: NDArray[np.int64]


def pack(blobs: Sequence[bytes], layout: np.dtype[np.void]) -> Packed:
    """The blobs of Q customers as one array of records, without copying a record twice."""
    if len(blobs) == 1:
        records = np.frombuffer(blobs[0], layout)
        return Packed(records, np.array((0, len(records)), np.int64))
    starts = np.array([0, *accumulate(len(blob) // layout.itemsize for blob in blobs)], np.int64)
    return Packed(np.frombuffer(b"".join(blobs), layout), starts)
