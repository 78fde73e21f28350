"""What is sold: items and the stable numbers by which states and models know them."""

from functools import lru_cache
from hashlib import blake2b

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """price: minor units of `currency`, None where unknown. available: may be recommended at all.

    recalled: shown to nobody, until it is taken back.
    age: years a customer must have, 0 for none. stock: units by store, None where stock is not told by store; a store
    that is not named has none.
    ingredients: None where unknown, which is shown to no household with an allergen or a diet; empty where there are
    none, as of a lamp. allergens: contained or possible in traces, by name. diets: what it is declared to be fit for.
    """

    id: str
    name: str = ""
    category: str = ""
    department: str = ""
    brand: str = ""
    price: int | None = None
    currency: str = ""
    available: bool = True
    recalled: bool = False
    age: int = 0
    stock: dict[str, int] | None = None
    ingredients: tuple[str, ...] | None = None
    allergens: tuple[str, ...] = ()
    diets: tuple[str, ...] = ()


@lru_cache(maxsize=1 << 18)
def item_key(item: str) -> int:
    """The 64-bit number of an item: the same in every process, model and version.

    States keep it instead of the text (8 bytes, no decoding); with a million items two of them
    share one with probability 3e-8.
    """
    return int.from_bytes(blake2b(item.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=1 << 14)
def category_key(category: str) -> int:
    """The number of a category, among those of items: what states count purchases of a category by."""
    return item_key("\0category " + category)
