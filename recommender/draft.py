"""A slate in the making: pins, then candidates, best first; each is kept, or dropped with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from recommender.filters import JUST_BOUGHT
from recommender.merchandising import Pin, Steering
from recommender.rests import Rests
from recommender.selection import Selection
from retail.slates import Dropped, Recommendation, Source

Candidate = tuple[str, float, Source, str]
"""Item, score, source, and the own item that led to it or ""."""


class Refusing(Protocol):
    """`recommender.filters.Filters`, or what remembers what they say."""

    def refusal(self, item: str) -> str: ...


@dataclass(slots=True)
class Draft:
    """limit: items wanted. selection: the rule after the filters, None for none. surplus: what may be shown, though
    there are enough of its kind, and why. beyond: more of it than there are places. steering: merchandisers' rules,
    None for none. rests: of what was bought, by these rules. pinned: by item, with its place; it is kept at no other.
    """

    filters: Refusing
    limit: int
    kept: list[Recommendation] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    selection: Selection | None = None
    surplus: list[tuple[Recommendation, str]] = field(default_factory=list)
    beyond: list[Dropped] = field(default_factory=list)
    steering: Steering | None = None
    rests: Rests | None = None
    pinned: dict[str, tuple[int, Recommendation]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return len(self.kept) >= self.room

    @property
    def room(self) -> int:
        """Places that no pin takes."""
        return self.limit - len(self.pinned)

    def pin(self, pins: Iterable[Pin]) -> None:
        """Before the first offer. A pin beyond the slate's last place is ranked like any other item."""
        refused = {one.item for one in self.dropped}
        for place, item, rule in pins:
            if place > self.limit or self.full or item in self.pinned or item in refused:
                continue
            if reason := self._refusal(item):
                refused.add(item)
                self.dropped.append(Dropped(item, reason))
                continue
            self.pinned[item] = place, Recommendation(item, 0.0, Source.PINNED, rule=rule)
            if self.selection is not None:
                self.selection.take(item)

    def offer(self, candidates: Iterable[Candidate]) -> None:
        """Takes candidates, best first, until the slate is full."""
        if self.steering is not None:
            self._offer_steered(candidates, self.steering)
            return
        refusal, kept, limit = self.filters.refusal, self.kept, self.limit
        selection, drop, put_by = self.selection, self.dropped.append, self.beyond.append
        enough = self._has_enough()
        for item, score, source, because in candidates:
            if len(kept) >= limit:
                return
            if reason := refusal(item):
                drop(Dropped(item, reason))
            elif enough and selection is not None and (reason := selection.surplus(item)):
                put_by(Dropped(item, reason))
            else:
                self._select(Recommendation(item, score, source, because))
                enough = self._has_enough()

    def settle(self) -> None:
        """After the last offer: fills up with the surplus; what is left of it is dropped."""
        wanted = self.room - len(self.kept)
        self.kept += [one for one, _ in self.surplus[:wanted]]
        self.dropped += [Dropped(one.item, reason) for one, reason in self.surplus[wanted:]]
        self.dropped += self.beyond
        self.surplus, self.beyond = [], []
        for place, one in self.pinned.values():
            self.kept.insert(place - 1, one)

    def settled(self) -> set[str]:
        """Items that were offered already."""
        offered = {one.item for some in (self.kept, self.dropped, self.beyond) for one in some}
        return offered | {one.item for one, _ in self.surplus} | self.pinned.keys()

    def _offer_steered(self, candidates: Iterable[Candidate], steering: Steering) -> None:
        decided = self.pinned.keys() | {one.item for one in self.dropped}
        for item, score, source, because in candidates:
            if self.full:
                return
            if item in decided:
                continue
            if reason := self._ruled_out(item, steering):
                self.dropped.append(Dropped(item, reason))
            else:
                self._select(Recommendation(item, score, source, because, steering.moved_by(item)))

    def _ruled_out(self, item: str, steering: Steering) -> str:
        reason = self.filters.refusal(item) or steering.exclusion(item)
        return JUST_BOUGHT if not reason and self.rests is not None and self.rests.holds(item) else reason

    def _refusal(self, item: str) -> str:
        """Why an item is not shown though a merchandiser pins it, "" where it is."""
        reason = self._ruled_out(item, self.steering) if self.steering else self.filters.refusal(item)
        if not reason and self.selection is not None and self.selection.rests(item):
            return JUST_BOUGHT
        return reason

    def _has_enough(self) -> bool:
        """Whether one more of a kind of which there are enough would never be shown."""
        selection = self.selection
        return selection is not None and not selection.bought and len(self.surplus) >= self.room - len(self.kept)

    def _select(self, one: Recommendation) -> None:
        selection = self.selection
        if selection is None:
            self.kept.append(one)
        elif selection.rests(one.item):
            self.dropped.append(Dropped(one.item, JUST_BOUGHT))
        elif reason := selection.surplus(one.item):
            self.surplus.append((one, reason))
        else:
            selection.take(one.item)
            self.kept.append(one)
