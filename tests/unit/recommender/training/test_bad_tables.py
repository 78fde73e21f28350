"""What comes of a shop's file that is not as it should be: a model that serves, or an error that says what to do."""

from pathlib import Path

import pytest

from recommender.model import Model, load
from recommender.recommend import Query, recommend
from recommender.training.table import TableRefused
from recommender.training.train import Material, train_and_publish
from retail.customers import EMPTY
from retail.reference import Reference

HEADER = "customer_id\tbasket_id\titem_id\ttimestamp"
VISITS = [f"{who}\t{visit}\t{item}\t{100_000 * visit}" for who in ("ana", "bo") for visit in range(4) for item in "abc"]


def model_of(folder: Path, *lines: str, header: str = HEADER) -> Model:
    folder.mkdir(exist_ok=True)
    table = folder / "shop.tsv"
    table.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return load(folder / train_and_publish(Material(table), folder))


def shown(model: Model) -> list[tuple[str, float]]:
    slate = recommend(Query(customer="new", state=EMPTY, at=500_000_000), model, Reference())
    return [(one.item, one.score) for one in slate.items]


@pytest.mark.parametrize("lines", [["ana\t1\ta\t1"], [line for line in VISITS if line.startswith("ana")]])
def test_the_file_of_a_single_customer_gives_a_model_of_what_they_bought(tmp_path: Path, lines: list[str]) -> None:
    model = model_of(tmp_path, *lines)
    assert {item for item, _ in shown(model)} == {line.split("\t")[2] for line in lines}


def test_a_line_that_stands_twice_counts_once(tmp_path: Path) -> None:
    twice = model_of(tmp_path / "twice", *VISITS, *VISITS[:7])
    assert shown(twice) == shown(model_of(tmp_path / "once", *VISITS))


def test_lines_need_not_be_in_the_order_of_time(tmp_path: Path) -> None:
    assert shown(model_of(tmp_path / "back", *VISITS[::-1])) == shown(model_of(tmp_path / "forth", *VISITS))


def test_a_file_without_a_purchase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"shop\.tsv: nothing was bought"):
        model_of(tmp_path)


def test_an_empty_file_is_answered_with_the_header_it_needs(tmp_path: Path) -> None:
    table = tmp_path / "shop.tsv"
    table.write_bytes(b"")
    with pytest.raises(TableRefused, match="line 1: the header must be customer_id basket_id item_id timestamp"):
        train_and_publish(Material(table), tmp_path)


@pytest.mark.parametrize("column", ["quantity", "price"])
def test_a_column_that_training_does_not_read_is_refused_instead_of_ignored(tmp_path: Path, column: str) -> None:
    """A return, told by a negative quantity, would otherwise teach as a purchase."""
    with pytest.raises(TableRefused, match="line 1: the header must be"):
        model_of(tmp_path, "ana\t1\ta\t1\t-2", header=f"{HEADER}\t{column}")


def test_a_moment_that_is_no_number_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TableRefused, match=r"line 14: 'NaN' is not a time"):
        model_of(tmp_path, *VISITS[:12], "ana\t9\ta\tNaN")
