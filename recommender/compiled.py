"""How numeric code is compiled: once per machine, kept on disk, without the interpreter's lock.

numba keeps the machine code beside the module, or in the user's cache folder where that is not writable;
`NUMBA_CACHE_DIR` names another. It notices a changed file but not a changed callee in another file, therefore
compiled functions call only compiled functions of their own module.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


class Compiler(Protocol):
    def __call__(self, function: F, /) -> F: ...


compiled = cast(Compiler, njit(cache=True, nogil=True, error_model="numpy"))
"""Exact arithmetic, in the order written."""

inlined = cast(Compiler, njit(cache=True, nogil=True, error_model="numpy", forceinline=True))
"""For what is called in inner loops: a call that hands over a tuple of arrays costs more than it does."""

inlined_fast = cast(
    Compiler, njit(cache=True, nogil=True, error_model="numpy", forceinline=True, fastmath={"reassoc", "contract"})
)
"""Sums may be reordered into vector registers: for dot products."""
