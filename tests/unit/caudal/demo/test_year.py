"""The prepared year is the real one: complete, cached, and moved by whole weeks."""

from pathlib import Path

import numpy as np
import pytest

from caudal.demo.tables import integers, table
from caudal.demo.year import WEEK, Year, demo_folder, open_year

NOW = 1_795_000_000_000
"""November 2026, milliseconds."""


def test_the_receipts_add_up_to_the_data_set(year: Year) -> None:
    lines = table("transactions", ["basket_id", "product_id", "quantity"])
    sold = [int(item.id) for item in year.shop.items]
    kept = (integers(lines, "quantity") > 0) & np.isin(integers(lines, "product_id"), sold)
    assert len(year.receipts.items) == kept.sum()
    assert len(year.receipts) == len(np.unique(integers(lines, "basket_id")[kept]))
    assert year.receipts.quantities.sum() == integers(lines, "quantity")[kept].sum()


def test_fuel_is_not_on_the_shelves(year: Year) -> None:
    assert not any("Gasoline" in item.name for item in year.shop.items)
    assert int(year.receipts.quantities.max()) < 1000


def test_receipts_come_in_order_of_time(year: Year) -> None:
    assert (np.diff(year.receipts.at) >= 0).all()


def test_enough_receipts_are_held_out_for_the_demo(year: Year) -> None:
    assert len(year.receipts) - year.split > 20_000


def test_a_stretch_of_receipts_holds_the_same_receipts(year: Year) -> None:
    stretch = year.receipts.between(1000, 1010)
    for row, receipt in enumerate(stretch):
        whole = year.receipts[1000 + row]
        assert (receipt.number, receipt.household, receipt.at) == (whole.number, whole.household, whole.at)
        assert receipt.items.tolist() == whole.items.tolist()
        assert receipt.prices.tolist() == whole.prices.tolist()


def test_offers_name_only_what_we_sell_and_zones_that_exist(year: Year) -> None:
    items = {item.id for item in year.shop.items}
    zones = {zone.id for zone in year.shop.stores[0].zones}
    assert year.shop.offers
    for offer in year.shop.offers:
        assert offer.items
        assert offer.items <= items
        assert offer.zones <= zones
        assert offer.customers
        assert offer.starts < offer.ends


def test_every_beacon_is_one_of_a_kind(year: Year) -> None:
    beacons = [beacon.id for store in year.shop.stores for beacon in store.beacons]
    assert beacons
    assert len(set(beacons)) == len(beacons)


@pytest.mark.parametrize("later", [0, 1, WEEK // 2, WEEK, 40 * WEEK])
def test_the_year_is_moved_by_whole_weeks_to_just_before_now(year: Year, later: int) -> None:
    moved = year.moved(NOW + later)
    assert (moved.receipts.at[0] - year.receipts.at[0]) % WEEK == 0
    assert 0 <= NOW + later - int(moved.receipts.at[-1]) < WEEK
    assert moved.shop.offers[0].starts - year.shop.offers[0].starts == moved.receipts.at[0] - year.receipts.at[0]
    assert moved.split == year.split


def test_the_second_opening_reads_what_the_first_prepared(year: Year, demo_cache: Path) -> None:
    again = open_year(demo_cache)
    assert (again.receipts.at == year.receipts.at).all()
    assert again.shop == year.shop


@pytest.mark.slow
def test_a_torn_cache_is_prepared_anew(year: Year, demo_cache: Path, tmp_path: Path) -> None:
    folder = demo_folder(tmp_path) / "year"
    folder.mkdir(parents=True)
    torn = (demo_folder(demo_cache) / "year" / "receipts.npz").read_bytes()[:10_000]
    (folder / "receipts.npz").write_bytes(torn)
    assert len(open_year(tmp_path).receipts) == len(year.receipts)
    assert (folder / "receipts.npz").stat().st_size > len(torn)


def test_a_cache_that_cannot_be_written_is_done_without(year: Year, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert len(open_year(in_the_way).receipts) == len(year.receipts)
