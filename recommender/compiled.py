"""How numeric code is compiled: once per machine, kept on disk, without the interpreter's lock.

numba keeps the machine code beside the modules, or in the user's cache folder where that is not writable;
`NUMBA_CACHE_DIR` names another. It notices a changed file but not a changed callee or constant in another file. So
compiled functions call only compiled functions of their own module, and what is kept is kept by the sources of the
modules whose constants they freeze.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., object])

FROZEN = (
    "recommender.batch",
    "recommender.dismissals",
    "recommender.filters",
    "recommender.rank_columns",
    "recommender.session_desk",
    "retail.customers",
    "retail.ingredients",
    "retail.slates",
)
"""Modules with constants that compiled functions use, directly or by way of a constant of their own."""


class Compiler(Protocol):
    def __call__(self, function: F, /) -> F: ...


def kept_in() -> Path:
    beside = Path(__file__).parent / "__pycache__"
    given = os.environ.get("NUMBA_CACHE_DIR")
    own = beside if os.access(beside.parent, os.W_OK) else Path.home() / ".cache" / "caudal"
    return (Path(given) if given else own) / f"kernels-{_digest_of_frozen()}"


def _digest_of_frozen() -> str:
    digest = sha256()
    for name in FROZEN:
        found = find_spec(name)
        digest.update(Path(found.origin).read_bytes() if found is not None and found.origin else b"")
    return digest.hexdigest()[:12]


config.CACHE_DIR = str(kept_in())  # type: ignore[attr-defined]  # numba makes its settings from the environment

compiled = cast(Compiler, njit(cache=True, nogil=True, error_model="numpy"))
"""Exact arithmetic, in the order written."""

inlined = cast(Compiler, njit(cache=True, nogil=True, error_model="numpy", forceinline=True))
"""For what is called in inner loops: a call that hands over a tuple of arrays costs more than it does."""

inlined_fast = cast(
    Compiler, njit(cache=True, nogil=True, error_model="numpy", forceinline=True, fastmath={"reassoc", "contract"})
)
"""Sums may be reordered into vector registers: for dot products."""
