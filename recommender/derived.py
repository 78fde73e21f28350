"""What follows from a model and the shop together: made once for each pair, kept up with every change."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from recommender.model import Model
from retail.reference import Reference


class Following(Protocol):
    """Holds no model: it goes when its model goes."""

    def follow(self, model: Model, reference: Reference) -> bool:
        """Takes in what changed since; False where that is more than the reference remembers."""


T = TypeVar("T", bound=Following)


class Derived(Generic[T]):
    """Two models may serve side by side, or one be made ready while another serves: each has its own.

    Making one may happen beside the thread that changes the reference: what changed meanwhile is followed later.
    """

    def __init__(self, make: Callable[[Model, Reference], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[Reference, WeakKeyDictionary[Model, T]] = WeakKeyDictionary()

    def of(self, model: Model, reference: Reference) -> T:
        """As of now."""
        made = self._made.get(reference)
        if made is None:
            made = self._made[reference] = WeakKeyDictionary()
        known = made.get(model)
        if known is None or not known.follow(model, reference):
            known = made[model] = self._make(model, reference)
        return known
