"""Where a slate is shown and what that asks of it: each placement is a recipe, declared here and nowhere else.

A recipe weighs the sources, says what the slate starts from and which items may be on it, and how many of one kind.
The weights of `home` are measured; those of the others say which source leads there, and await impressions to be
tuned with.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from recommender.policy import BlendPolicy
from retail.slates import Source


class Basis(Enum):
    """What a slate starts from. ITEM: the one on the page. CART: what is in it. ORDER: the newest purchase."""

    CUSTOMER = "customer"
    ITEM = "item"
    CART = "cart"
    ORDER = "order"


class Scope(Enum):
    """Which items may be on it: of one category or department, or of the categories of a zone of a store."""

    EVERYTHING = "everything"
    CATEGORY = "category"
    ZONE = "zone"


@dataclass(frozen=True)
class Recipe:
    """job: one clause, for the documentation. needs: the parameter without which it cannot be asked for, "" for none.

    sources: the only ones that count, empty for all. fills: whether what everybody likes fills a short slate.
    per_category, per_family: items of one category, and of one brand in it, at most; 0 for any number. Where nothing
    else is left, more of them are shown rather than too few.
    rest: how long what was bought is not shown again. replenishes: whether what is due soon comes first, and says so.
    trending: what the first counts of the trend in the categories that it is limited to, an edge over what is popular.
    """

    job: str
    blend: BlendPolicy = field(default_factory=BlendPolicy)
    needs: str = ""
    basis: Basis = Basis.CUSTOMER
    scope: Scope = Scope.EVERYTHING
    sources: frozenset[Source] = frozenset()
    fills: bool = True
    per_category: int = 0
    per_family: int = 0
    rest: timedelta = timedelta(0)
    replenishes: bool = False
    trending: float = 0.0


HOME = "home"

_BESIDE = BlendPolicy(habit=0.0, taste=0.6, here=0.0, popular=0.02, trending=0.0, session=1.0, popular_depth=0, kin=1)
"""Beside one item: what is bought with it, what is like it, what others looked at from there."""

_COMPLEMENTS = BlendPolicy(
    habit=0.0,
    taste=0.1,
    here=0.02,
    popular=0.02,
    trending=0.0,
    session=0.5,
    seeds=12,
    seed_decay=0.9,
    kin=0,
    popular_depth=0,
)
"""Beside several: all count nearly alike, and what goes with them counts more than what is like them."""

_AISLE = BlendPolicy(together=0.5, taste=0.5, popular=0.1, trending=0.0, session=3.0, popular_depth=0)
"""Within a few categories: fewer of the customer's own items, so that their taste decides more."""

_AGAIN = BlendPolicy(together=0.0, taste=0.0, here=0.0, popular=0.0, trending=0.0, session=0.0, popular_depth=0)

RECIPES: dict[str, Recipe] = {
    HOME: Recipe("what this customer is likely to want"),
    "item": Recipe(
        "what is similar to the item, or bought together with it",
        _BESIDE,
        needs="item",
        basis=Basis.ITEM,
        per_family=4,
    ),
    "cart": Recipe(
        "what completes the cart",
        _COMPLEMENTS,
        basis=Basis.CART,
        per_category=2,
        per_family=1,
    ),
    "category": Recipe(
        "the category or department in this customer's order",
        _AISLE,
        needs="category",
        scope=Scope.CATEGORY,
        trending=0.2,
        per_family=4,
    ),
    "zone": Recipe(
        "what stands in the zone of the store, in this customer's order",
        _AISLE,
        scope=Scope.ZONE,
        trending=0.2,
        per_category=3,
        per_family=2,
    ),
    "after_purchase": Recipe(
        "what goes with the newest purchase",
        _COMPLEMENTS,
        basis=Basis.ORDER,
        per_category=2,
        per_family=1,
        rest=timedelta(days=7),
    ),
    "buy_again": Recipe(
        "what this customer buys again and again, the sooner it is due, and nothing else",
        _AGAIN,
        sources=frozenset({Source.BOUGHT_BEFORE}),
        fills=False,
        rest=timedelta(days=1),
        replenishes=True,
    ),
}
"""By the name under which it is asked for. Offers have their own ranking, in `recommender.promote`."""


def listed() -> str:
    """The placements and what each shows, as a sentence."""
    return "; ".join(f"{name}: {recipe.job}" for name, recipe in RECIPES.items())
