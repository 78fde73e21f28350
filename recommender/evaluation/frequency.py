"""The frequency baselines of next baskets: what everybody buys most, what the customer does, and the two together.

Source: Li et al., A Next Basket Recommendation Reality Check, TOIS 2023. Counts are of baskets and never fade; ties
go to what more baskets of all customers had, then to the name.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from recommender.training.shopping import Basket
from recommender.training.transactions import Transactions

EVERYBODY = "G-TopFreq"
PERSONAL = "P-TopFreq"
BOTH = "GP-TopFreq"


def frequency_lists(
    customers: Sequence[Sequence[Basket]], taught: Transactions, places: int
) -> dict[str, list[list[str]]]:
    """A list of at most `places` items for each customer, by baseline. customers: of each, the baskets before."""
    counts = _counts(taught)
    popular = sorted(counts, key=lambda item: (-counts[item], item))[:places]
    own = [_favourites(baskets, counts)[:places] for baskets in customers]
    both = [list(dict.fromkeys([*items, *popular]))[:places] for items in own]
    return {EVERYBODY: [popular] * len(customers), PERSONAL: own, BOTH: both}


def _counts(lines: Transactions) -> dict[str, int]:
    """Baskets that an item was in, by id."""
    pairs = np.unique(lines.basket.astype(np.int64) * max(len(lines.items), 1) + lines.item)
    counts = np.bincount(pairs % max(len(lines.items), 1), minlength=len(lines.items))
    return {item: count for item, count in zip(lines.items, counts.tolist(), strict=True) if count}


def _favourites(baskets: Sequence[Basket], counts: dict[str, int]) -> list[str]:
    own = Counter(item for basket in baskets for item in basket.items)
    return sorted(own, key=lambda item: (-own[item], -counts.get(item, 0), item))
