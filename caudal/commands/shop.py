"""`caudal shop load`."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from streams.settings import Settings

NOTES = 20
"""Notes that are shown; a thousand say no more."""


def load(folder: Path, *, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> None:
    """Load catalogue, stores, offers and merchandising rules of a folder into the topics.

    Every process follows the topics live, so a change is in force within a second. All files are read and
    checked before anything is loaded. What they say in vain, such as an offer for a store that is not there, is told.
    Their fields: docs/shop.md.

    Parameters
    ----------
    folder
        Holds any of `catalog.jsonl`, `stores.jsonl`, `offers.jsonl` and `merchandising.jsonl` (each also as `.json`).
    """
    from caudal.shop import load_shop
    from caudal.text import printable
    from streams.topics.shop import read_shop

    shop = read_shop(folder)
    load_shop(shop, settings or Settings())
    counts = f"{len(shop.items)} items, {len(shop.stores)} stores, {len(shop.offers)} offers, {len(shop.rules)} rules"
    print(f"loaded {counts}")
    for note in shop.notes[:NOTES]:
        print(f"note: {printable(note)}", file=sys.stderr)
    if len(shop.notes) > NOTES:
        print(f"note: and {len(shop.notes) - NOTES:,} more of the kind", file=sys.stderr)
