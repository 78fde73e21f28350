"""`caudal shop load`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from streams.settings import Settings


def load(folder: Path, *, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> None:
    """Load catalogue, stores, offers and merchandising rules of a folder into the topics.

    Every process follows the topics live, so a change is in force within a second. All files are read and
    checked before anything is loaded.

    Parameters
    ----------
    folder
        Holds any of `catalog.jsonl`, `stores.jsonl`, `offers.jsonl` and `merchandising.jsonl` (each also as `.json`).
    """
    from caudal.shop import load_shop
    from streams.topics.shop import read_shop

    shop = read_shop(folder)
    load_shop(shop, settings or Settings())
    counts = f"{len(shop.items)} items, {len(shop.stores)} stores, {len(shop.offers)} offers, {len(shop.rules)} rules"
    print(f"loaded {counts}")
