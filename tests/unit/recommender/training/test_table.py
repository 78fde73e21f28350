from pathlib import Path

import numpy as np
import pytest

from recommender.training.table import TableRefused, read_baskets, read_sessions

HEADER = "customer_id\tbasket_id\titem_id\ttimestamp"


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "shop.tsv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_purchases_are_read_with_their_store(tmp_path: Path) -> None:
    bought = ("ana\t1\tmug\t1795435200\tmadrid", "bo\t1\tcup\t1795435300\t")
    lines = read_baskets(table(tmp_path, *bought, header=HEADER + "\tstore_id"))
    assert (lines.customers, lines.items, lines.stores) == (("ana", "bo"), ("mug", "cup"), ("madrid",))
    assert lines.store.tolist() == [0, -1]
    assert lines.at.tolist() == [1_795_435_200, 1_795_435_300]


def test_the_same_basket_id_of_two_customers_is_two_baskets(tmp_path: Path) -> None:
    assert len(set(read_baskets(table(tmp_path, "ana\t1\tmug\t1", "bo\t1\tmug\t1")).basket.tolist())) == 2


@pytest.mark.parametrize(
    "timestamp",
    [
        "1795435200",
        "1795435200.5",
        "1795435200000",
        "1795435200000000",
        "2026-11-23T12:00:00",
        "2026-11-23T13:00:00+01:00",
        "2026-11-23 12:00:00.250 UTC",
    ],
)
def test_a_moment_may_be_written_in_any_usual_way(tmp_path: Path, timestamp: str) -> None:
    assert read_baskets(table(tmp_path, f"ana\t1\tmug\t{timestamp}")).at.tolist() == [1_795_435_200]


def test_sessions_are_read(tmp_path: Path) -> None:
    lines = read_sessions(table(tmp_path, "s1\tmug\t100", "s1\tcup\t90", header="session_id\titem_id\ttimestamp"))
    assert lines.customer.tolist() == lines.basket.tolist() == [0, 0]
    assert lines.at.tolist() == [90, 100]


def test_clicks_of_one_second_are_in_the_order_of_its_parts(tmp_path: Path) -> None:
    header, clicks = "session_id\titem_id\ttimestamp", ("s\tcup\t1795435200750", "s\tmug\t1795435200250")
    lines = read_sessions(table(tmp_path, *clicks, header=header))
    assert [lines.items[item] for item in lines.item] == ["mug", "cup"]
    assert lines.at.tolist() == [1_795_435_200] * 2


def test_a_column_of_days_is_read_as_days(tmp_path: Path) -> None:
    assert np.diff(read_baskets(table(tmp_path, "ana\t1\tmug\t20261130", "ana\t2\tmug\t20261201")).at) == [86_400]
    assert np.diff(read_baskets(table(tmp_path, "ana\t1\tmug\t20261130", "ana\t2\tmug\t20261330")).at) == [200]


def test_a_column_that_counts_days_or_baskets_is_read_as_days(tmp_path: Path) -> None:
    assert np.diff(read_baskets(table(tmp_path, "ana\t1\tmug\t1", "ana\t2\tmug\t711")).at) == [710 * 86_400]
    clicks = read_sessions(table(tmp_path, "s\tmug\t1", "s\tcup\t2", header="session_id\titem_id\ttimestamp"))
    assert np.diff(clicks.at) == [1]


def test_blank_lines_and_a_byte_order_mark_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.tsv"
    path.write_text(HEADER + "\n\nana\t1\tmug\t100\n\n", encoding="utf-8-sig")
    assert len(read_baskets(path)) == 1


def test_lines_of_windows_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "shop.tsv"
    path.write_bytes(HEADER.encode() + b"\r\nana\t1\tmug\t100\r\n")
    assert read_baskets(path).items == ("mug",)


@pytest.mark.parametrize("line", ["ana\t1\tmug", "ana\t1\tmug\t1\tx", "ana\t\tmug\t1", "ana\t1\t\t1"])
def test_a_malformed_line_is_refused_by_file_and_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(TableRefused, match=r"shop\.tsv, line 3: 4 filled fields"):
        read_baskets(table(tmp_path, "ana\t1\tmug\t1", line))


@pytest.mark.parametrize("timestamp", ["yesterday", "-5", "nan", "inf", "1e30"])
def test_a_time_that_is_none_is_refused_by_file_and_number(tmp_path: Path, timestamp: str) -> None:
    with pytest.raises(TableRefused, match=r"shop\.tsv, line 2: .*" + timestamp):
        read_baskets(table(tmp_path, f"ana\t1\tmug\t{timestamp}"))


@pytest.mark.parametrize("header", ["", "a\tb\tc\td", "customer_id,basket_id,item_id,timestamp"])
def test_a_wrong_header_is_answered_with_the_right_one(tmp_path: Path, header: str) -> None:
    with pytest.raises(TableRefused, match="line 1: the header must be customer_id basket_id item_id timestamp"):
        read_baskets(table(tmp_path, header=header))


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary"):
        with pytest.raises(TableRefused, match=name):
            read_baskets(tmp_path / name)
