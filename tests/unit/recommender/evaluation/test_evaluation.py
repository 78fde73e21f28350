from pathlib import Path

import msgspec
import numpy as np
import pytest

from recommender.evaluation import metrics
from recommender.evaluation.baskets import evaluate_baskets
from recommender.evaluation.contenders import BLEND, POPULARITY, TOGETHER
from recommender.evaluation.frequency import PERSONAL
from recommender.evaluation.report import Report, table, to_json
from recommender.evaluation.sessions import evaluate_sessions
from recommender.training.table import TableRefused
from tests.unit.recommender.shelves import transactions

DAYS = 86_400


def test_places_and_what_they_are_worth() -> None:
    places = metrics.places_of([["a", "b", "c"], ["a", "b", "c"]], [["c", "x"], ["a"]])
    assert places.tolist() == [[2, -1], [0, -1]]
    sizes = np.array([2, 1])
    assert metrics.hits(places, 2).mean() == 0.5
    assert metrics.hits(places, 3).mean() == 1.0
    assert metrics.recalls(places, sizes, 3).mean() == pytest.approx((1 / 2 + 1) / 2)
    assert metrics.reciprocal_ranks(places, 3).mean() == pytest.approx((1 / 3 + 1) / 2)
    ideal = 1 + 1 / np.log2(3)
    assert metrics.discounted_gains(places, sizes, 3).mean() == pytest.approx((0.5 / ideal + 1) / 2)


def creatures_of_habit() -> Report:
    """Everybody buys an own item every day, and in every second basket what everybody buys."""
    lines = [
        (f"c{c}", 100 * c + day, item, day * DAYS, "")
        for c in range(30)
        for day in range(8)
        for item in ([f"own{c}", "bread"] if day % 2 else [f"own{c}"])
    ]
    return evaluate_baskets(transactions(lines))


def test_habits_are_found_where_popularity_cannot_find_them() -> None:
    report = creatures_of_habit()
    assert report.n == 30
    assert report.models[BLEND]["recall@10"] == 1.0
    assert report.models[PERSONAL]["recall@10"] == 1.0
    assert report.models[POPULARITY]["recall@10"] < 0.9


def test_a_report_is_one_line_of_json_and_a_table() -> None:
    report = creatures_of_habit()
    assert b"\n" not in to_json(report)
    decoded = msgspec.json.decode(to_json(report))
    assert {"n", "models", "latency", "seed"} <= decoded.keys()
    header, rows = table(report)
    assert [row[0] for row in rows] == [*report.models, "95 % of the last"]
    assert all(len(row) == len(header) for row in rows)


def test_customers_with_one_basket_teach_and_are_counted_as_not_judged() -> None:
    lines = [("ana", 1, "a", 1, ""), ("ana", 2, "a", 2, ""), ("bo", 3, "a", 3, "")]
    report = evaluate_baskets(transactions(lines))
    assert (report.n, report.trained_on) == (1, 2)
    assert report.skipped == {"customers with a single basket": 1}


def test_one_customer_duplicates_and_times_out_of_order_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "shop.tsv"
    path.write_text(
        "customer_id\tbasket_id\titem_id\ttimestamp\nana\t2\tmug\t200\nana\t1\tmug\t100\nana\t1\tmug\t100\n"
    )
    report = evaluate_baskets(path)
    assert report.n == 1
    assert report.models[BLEND]["hit rate@10"] == 1.0


def test_the_last_basket_teaches_nothing() -> None:
    lines = [("ana", 1, "a", 1, ""), ("ana", 2, "secret", 2, "")]
    report = evaluate_baskets(transactions(lines))
    assert (report.items, report.models[BLEND]["recall@10"]) == (1, 0.0)


def test_nothing_to_judge_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.tsv"
    path.write_text("customer_id\tbasket_id\titem_id\ttimestamp\nana\t1\tmug\t100\n")
    with pytest.raises(TableRefused, match=r"shop\.tsv: no customer has two baskets"):
        evaluate_baskets(path)


def sessions(*clicks: str) -> list[tuple[str, int, str, int, str]]:
    return [(f"s{n}", n, item, 1000 * n + 10 * k, "") for n, own in enumerate(clicks) for k, item in enumerate(own)]


def test_the_next_click_of_a_known_path_is_found() -> None:
    taught = transactions(sessions(*["abc", "xyz"] * 20))
    report = evaluate_sessions(taught, transactions(sessions("abc", "xyz")))
    assert report.n == 4
    assert report.models[TOGETHER]["MRR@20"] == 1.0
    assert report.models[BLEND]["MRR@20"] == 1.0
    assert report.models[POPULARITY]["MRR@20"] < 1.0


def test_items_that_training_never_saw_are_misses_not_errors() -> None:
    report = evaluate_sessions(transactions(sessions("ab")), transactions(sessions("qr", "ab")))
    assert (report.n, report.models[BLEND]["HR@20"]) == (2, 0.5)


def test_a_figure_lies_within_its_interval_and_many_sessions_make_it_narrow() -> None:
    hits = np.tile([0.0, 1.0, 1.0, 0.0], 500)
    low, high = metrics.interval(hits, np.arange(2000), seed=1)
    assert low < 0.5 < high
    assert high - low < 0.06
    assert metrics.interval(hits[:20], np.arange(20), seed=1)[1] - 0.5 > high - 0.5


def test_prefixes_shorter_than_asked_for_are_not_judged() -> None:
    taught = transactions(sessions(*["abc", "xyz"] * 20))
    report = evaluate_sessions(taught, transactions(sessions("abc", "xy")), shortest=2)
    assert (report.n, report.skipped) == (1, {"sessions of a single click": 0})


def test_a_test_without_a_second_click_is_refused() -> None:
    with pytest.raises(TableRefused, match="two clicks"):
        evaluate_sessions(transactions(sessions("ab")), transactions(sessions("a")))
