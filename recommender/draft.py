"""A slate in the making: candidates are offered best first; each is kept, or dropped with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recommender.filters import Filters
from recommender.selection import JUST_BOUGHT, Selection
from retail.slates import Dropped, Recommendation, Source

Candidate = tuple[str, float, Source, str]
"""Item, score, source, and the own item that led to it or ""."""


@dataclass(slots=True)
class Draft:
    """limit: items wanted. selection: the rule after the filters, None for none. surplus: what may be shown, though
    there are enough of its kind, and why."""

    filters: Filters
    limit: int
    kept: list[Recommendation] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    selection: Selection | None = None
    surplus: list[tuple[Recommendation, str]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.kept) >= self.limit

    def offer(self, candidates: Iterable[Candidate]) -> None:
        """Takes candidates, best first, until the slate is full."""
        refusal, kept, limit = self.filters.refusal, self.kept, self.limit
        for item, score, source, because in candidates:
            if len(kept) >= limit:
                return
            reason = refusal(item)
            if reason:
                self.dropped.append(Dropped(item, reason))
            else:
                self._select(Recommendation(item, score, source, because))

    def settle(self) -> None:
        """After the last offer: fills up with the surplus; what is left of it is dropped."""
        wanted = self.limit - len(self.kept)
        self.kept += [one for one, _ in self.surplus[:wanted]]
        self.dropped += [Dropped(one.item, reason) for one, reason in self.surplus[wanted:]]
        self.surplus = []

    def settled(self) -> set[str]:
        """Items that were offered already."""
        offered = {kept.item for kept in self.kept} | {dropped.item for dropped in self.dropped}
        return offered | {one.item for one, _ in self.surplus}

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
