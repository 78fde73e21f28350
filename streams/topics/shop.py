"""A shop as files: `catalog`, `stores`, `offers` and `merchandising`, each `.jsonl` or `.json`, in one folder.

One JSON object a line, with the fields of `retail.catalog.Item`, `retail.stores.Store`, `retail.offers.Offer` and
`retail.merchandising.Rule`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from recommender.placements import RECIPES
from retail.catalog import Item
from retail.merchandising import Rule
from retail.offers import Benefit, BenefitKind, Offer
from retail.stores import Store
from streams.topics.loose_ends import ignored, loose_ends

CATALOG_FILES = ("catalog.jsonl", "catalog.json")
STORE_FILES = ("stores.jsonl", "stores.json")
OFFER_FILES = ("offers.jsonl", "offers.json")
RULE_FILES = ("merchandising.jsonl", "merchandising.json")

PLACEMENTS = frozenset(RECIPES)

T = TypeVar("T", bound=Item | Store | Offer | Rule)


class ShopUnreadable(Exception):
    """A file of a shop is missing or wrong; the message names file, line and what is wrong."""


@dataclass(frozen=True)
class Shop:
    """notes: what the files say in vain, a sentence each."""

    items: list[Item]
    stores: list[Store]
    offers: list[Offer]
    rules: list[Rule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_shop(folder: Path) -> Shop:
    """Reads whichever of the four files the folder has. Raises ShopUnreadable, before anything is loaded."""
    if not folder.is_dir():
        raise ShopUnreadable(f"{folder} is no folder")
    notes: list[str] = []
    shop = Shop(
        items=_read(folder, CATALOG_FILES, _Kind(Item, _check_item, notes)),
        stores=_read(folder, STORE_FILES, _Kind(Store, _check_store, notes)),
        offers=_read(folder, OFFER_FILES, _Kind(Offer, _check_offer, notes)),
        rules=_read(folder, RULE_FILES, _Kind(Rule, _check_rule, notes)),
        notes=notes,
    )
    notes.extend(loose_ends(shop))
    if not (shop.items or shop.stores or shop.offers or shop.rules):
        names = ", ".join(files[0] for files in (CATALOG_FILES, STORE_FILES, OFFER_FILES, RULE_FILES))
        raise ShopUnreadable(f"{folder} holds nothing to load: expected {names}")
    return shop


@dataclass(frozen=True)
class _Kind(Generic[T]):
    """How entries of a file are read. check: what is wrong with one, "" where nothing is."""

    type: type[T]
    check: Callable[[T], str]
    notes: list[str]


def _read(folder: Path, names: tuple[str, ...], kind: _Kind[T]) -> list[T]:
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        return []
    entries: dict[str, T] = {}
    unknown: Counter[str] = Counter()
    for place, raw in _entries(path):
        entry = _decode(place, raw, kind.type)
        unknown.update(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).keys() - kind.type.__struct_fields__)
        problem = kind.check(entry) or ("this id is there already" if entry.id in entries else "")
        if problem:
            raise ShopUnreadable(f"{place}: {kind.type.__name__.lower()} {entry.id!r}: {problem}")
        entries[entry.id] = entry
    kind.notes.extend(ignored(f"entries in {path.name}", unknown))
    return list(entries.values())


def _entries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Where each entry stands, and its JSON."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ShopUnreadable(f"{path}: {fault.strerror}") from fault
    if path.suffix == ".json":
        yield from _array(path, content)
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield f"{path}, line {number}", line


def _array(path: Path, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        entries = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ShopUnreadable(f"{path}: {fault}; expected a JSON array of objects") from fault
    for number, entry in enumerate(entries, start=1):
        yield f"{path}, entry {number}", bytes(entry)


def _decode(place: str, raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ShopUnreadable(f"{place}: {fault}") from fault


def _check_identity(identity: str) -> str:
    return "" if 1 <= len(identity) <= 256 and identity.isprintable() else "an id has 1 to 256 printable characters"


def _check_item(item: Item) -> str:
    if item.price is not None and item.price < 0:
        return "the price is negative"
    return _check_identity(item.id)


def _check_store(store: Store) -> str:
    zones = {zone.id for zone in store.zones}
    for beacon in store.beacons:
        if beacon.zone and beacon.zone not in zones:
            return f"beacon {beacon.id} stands in zone {beacon.zone!r}, which the store lacks"
    try:
        ZoneInfo(store.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{store.time_zone!r} is no IANA time zone, such as Europe/Madrid"
    return _check_identity(store.id)


def _check_offer(offer: Offer) -> str:
    if offer.ends <= offer.starts:
        return "it ends before it starts"
    return _check_benefit(offer.benefit) or _check_identity(offer.id)


def _check_benefit(benefit: Benefit) -> str:
    if benefit.kind is BenefitKind.PERCENT and not 0 < benefit.value <= 100:
        return f"{benefit.value} percent is none of 1 to 100"
    if benefit.kind is BenefitKind.AMOUNT and benefit.value <= 0:
        return f"an amount of {benefit.value} is no benefit; it is told in cents, or what the currency has"
    return ""


def _check_rule(rule: Rule) -> str:
    unknown = sorted(rule.placements - PLACEMENTS)
    if unknown:
        return f"no placement is called {unknown[0]!r}; there are {', '.join(sorted(PLACEMENTS))}"
    return _check_identity(rule.id)
