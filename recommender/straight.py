"""Compiled code that is called again and again with arguments of the same types: they are told apart once, not always.

numba looks at every array of every tuple to find the code that was compiled for them: 13 us for the fifty arrays of a
slate, where handing them over takes 3 (`answer` of no customer). Here it looks when something is new that types may
hang on: another model, index or policy. All else that is handed over is made by this package, always of one kind; and
numba itself still refuses an array whose elements are of another size.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import config, typeof

F = TypeVar("F", bound=Callable[..., object])


class Straight:
    """anchors: places of the arguments that the types of all may hang on; the same objects mean the same types."""

    def __init__(self, kernel: Callable[..., object], anchors: tuple[int, ...]) -> None:
        self._kernel = kernel
        self._anchors = anchors
        self._checked: tuple[list[object], Callable[..., object]] | None = None
        self._seen: list[object] | None = None

    def __call__(self, *arguments: object) -> object:
        """As the kernel."""
        now = [arguments[place] for place in self._anchors]
        checked = self._checked
        if checked is not None and _are_same(checked[0], now):
            return checked[1](*arguments)
        return self._dispatched(now, arguments)

    def _dispatched(self, now: list[object], arguments: tuple[object, ...]) -> object:
        """By numba's way; what comes twice in a row is expected to come again. Where two models take turns all go it,
        since finding the types in Python takes longer. What was called before is let go of: it may be large."""
        self._checked = None
        done = self._kernel(*arguments)
        if self._seen is not None and _are_same(self._seen, now):
            entry = self.entry(arguments)
            self._checked = None if entry is None else (now, entry)
        self._seen = now
        return done

    def entry(self, arguments: tuple[object, ...]) -> Callable[..., object] | None:
        """The code that was compiled for these types, None where there is none."""
        overloads = self._kernel.overloads  # type: ignore[attr-defined]  # of numba's dispatchers
        found = overloads.get(tuple(map(typeof, arguments)))
        return None if found is None else cast(Callable[..., object], found.entry_point)


def _are_same(some: list[object], others: list[object]) -> bool:
    return all(map(_is, some, others))


def _is(one: object, other: object) -> bool:
    return one is other


def straight(kernel: F, *anchors: int) -> F:
    """The kernel, called straight; as it is where nothing is compiled (`NUMBA_DISABLE_JIT`)."""
    return kernel if config.DISABLE_JIT else cast(F, Straight(kernel, anchors))  # type: ignore[attr-defined]
