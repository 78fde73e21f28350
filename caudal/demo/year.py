"""The demo's year: receipts, catalogue, stores and offers, prepared once and kept in the user's cache folder."""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import msgspec

from caudal.demo.assortment import numbers, read_items
from caudal.demo.branches import read_branches
from caudal.demo.coupons import read_offers
from caudal.demo.receipts import Receipts, read_receipts
from caudal.demo.tables import wheel_version
from recommender.manifest import FORMAT as MODEL_FORMAT
from retail.catalog import Item
from retail.offers import Offer
from retail.stores import Store
from streams.topics.shop import Shop, ShopUnreadable, read_shop

FORMAT = 1
"""Raise it when anything that is prepared changes; older folders are then left alone and prepared anew."""

WEEK = 7 * 86_400_000
"""Milliseconds. Times are shifted by whole weeks, so that a Saturday's shopping stays a Saturday's."""

HELD_OUT_WEEKS = 8
"""The last weeks, which no model sees: 21,414 baskets to replay and to be measured on."""


@dataclass(frozen=True)
class Year:
    """All times are on one clock, milliseconds: the data set's, or ours after `moved`."""

    receipts: Receipts
    shop: Shop

    @property
    def until(self) -> int:
        """The end of the training months."""
        return int(self.receipts.at[-1]) - HELD_OUT_WEEKS * WEEK

    @property
    def split(self) -> int:
        """The row of the first basket after the training months."""
        return int(self.receipts.at.searchsorted(self.until))

    def moved(self, now: int) -> "Year":
        """The same year with its last basket less than a week before `now` (milliseconds)."""
        shift = (now - int(self.receipts.at[-1])) // WEEK * WEEK
        return replace(
            self,
            receipts=replace(self.receipts, at=self.receipts.at + shift),
            shop=replace(self.shop, offers=[_moved(offer, shift) for offer in self.shop.offers]),
        )


def _moved(offer: Offer, shift: int) -> Offer:
    return msgspec.structs.replace(offer, starts=offer.starts + shift, ends=offer.ends + shift)


def demo_folder(cache: Path) -> Path:
    """Where what is made of this data set in this format lies: `year` and `models`."""
    return cache / f"complete-journey-{wheel_version()}-{FORMAT}"


def models_folder(cache: Path) -> Path:
    """Models of another format are left alone."""
    return demo_folder(cache) / f"models-{MODEL_FORMAT}"


def open_year(cache: Path) -> Year:
    """The prepared year, on the data set's own clock; prepared now where it is not there or not readable."""
    folder = demo_folder(cache) / "year"
    try:
        return _load(folder)
    except (OSError, ValueError, KeyError, BadZipFile, ShopUnreadable):
        year = _prepare()
        _keep(year, folder)
        return year


def _prepare() -> Year:
    assortment = read_items()
    receipts = read_receipts(numbers(assortment))
    sold = {int(number) for number in set(receipts.items.tolist())}
    stores = read_branches(receipts, assortment)
    zones = [zone.id for zone in stores[0].zones]
    offers = read_offers({number: item for number, item in assortment.items() if number in sold}, zones)
    return Year(receipts, Shop([assortment[number] for number in sorted(sold)], stores, offers))


def _load(folder: Path) -> Year:
    return Year(Receipts.load(folder / "receipts.npz"), read_shop(folder))


def _keep(year: Year, folder: Path) -> None:
    """Whole or not at all: written beside and renamed. Where the cache cannot be written, we go on without it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="year-", dir=folder.parent))
    except OSError:
        return
    try:
        year.receipts.save(beside / "receipts.npz")
        _write(beside / "catalog.jsonl", year.shop.items)
        _write(beside / "stores.jsonl", year.shop.stores)
        _write(beside / "offers.jsonl", year.shop.offers)
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)


def _write(path: Path, values: Iterable[Item] | Iterable[Store] | Iterable[Offer]) -> None:
    path.write_bytes(msgspec.json.Encoder().encode_lines(values))
