"""How good the recommendations are: slates asked for before a basket, against what the basket then held."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from caudal.demo.receipts import Receipt, Receipts

LENGTH = 10
"""Items of a slate that count."""

SMALLEST = 3
"""Distinct items of a basket that is measured; below it even a perfect slate hits by chance."""


@dataclass
class Taste:
    """popular: the best-selling items of the training months. baskets: measured so far."""

    popular: tuple[str, ...]
    baskets: int = 0
    hits: int = 0
    popular_hits: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)

    def judge(self, receipt: Receipt, slate: Collection[str]) -> None:
        """slate: what was recommended to this customer before this basket."""
        bought = {str(item) for item in receipt.items.tolist()}
        self.baskets += 1
        self.hits += not bought.isdisjoint(slate)
        self.popular_hits += not bought.isdisjoint(self.popular)

    @property
    def hit_rate(self) -> float:
        """Share of measured baskets with at least one recommended item."""
        return self.hits / self.baskets if self.baskets else 0.0

    @property
    def popular_hit_rate(self) -> float:
        """The same for the best-sellers, on the same baskets."""
        return self.popular_hits / self.baskets if self.baskets else 0.0


def measurable(receipt: Receipt) -> bool:
    return len(set(receipt.items.tolist())) >= SMALLEST


def best_sellers(receipts: Receipts) -> tuple[str, ...]:
    """The items in most baskets."""
    counts = Counter(receipts.items.tolist())
    ranked = sorted(counts, key=lambda item: (-counts[item], item))
    return tuple(str(item) for item in ranked[:LENGTH])
