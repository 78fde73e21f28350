"""The garbage collector of a worker: told to leave alone what stays until the end."""

import gc

COLLECTIONS = (50_000, 20, 50)
"""Thresholds of the garbage collector's generations; (700, 10, 10) are Python's."""


def settle() -> None:
    """The catalogue, the offers and the model live until the end, and what events leave behind has no cycles:
    with Python's defaults a quarter of a worker's time goes into looking for some."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
