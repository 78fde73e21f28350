"""A slate in the making: candidates are offered best first; each is kept, or dropped with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recommender.filters import Filters
from retail.slates import Dropped, Recommendation, Source

Candidate = tuple[str, float, Source, str]
"""Item, score, source, and the own item that led to it or ""."""


@dataclass(slots=True)
class Draft:
    """limit: items wanted."""

    filters: Filters
    limit: int
    kept: list[Recommendation] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

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
                kept.append(Recommendation(item, score, source, because))

    def settled(self) -> set[str]:
        """Items that were offered already."""
        return {kept.item for kept in self.kept} | {dropped.item for dropped in self.dropped}
