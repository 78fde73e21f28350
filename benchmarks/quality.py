"""How good the models are: next clicks on two public logs, in their publishers' form, and baskets and coupons of
Complete Journey.

`--data FOLDER` holds one or both of:
  session_retailrocket/  train_sessions.txt.gz, a session a line, oldest first; test_examples.txt.gz, prefix TAB target:
                         the preprocessing of COTREC (Xia et al., CIKM 2021), github RecoHut-Datasets/retail_rocket
  serenade_toy/          train.txt.gz and test.txt, `SessionId ItemId Time`: the example of github bolcom/serenade
Each is judged by `recommender.evaluation.sessions`: the prefixes of a test session, the whole catalogue ranked.
RetailRocket's publishers ask from two clicks on, which is 15,132 questions; Serenade's from one.
Complete Journey comes with the package; each household's last basket is predicted from all the others, and who redeems
a campaign's coupon is foreseen when it starts. How far it is, is told on stderr.
Every model and baseline is a line, the shipped one the last; then its 95 % over sessions or customers, or its range
over seeds, and what it is to reach.
"""

import argparse
import gzip
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.report import machine, show
from recommender.evaluation.baskets import evaluate_baskets
from recommender.evaluation.coupons import evaluate_coupons
from recommender.evaluation.report import CouponReport, Report, coupon_table, table
from recommender.evaluation.sessions import evaluate_sessions
from recommender.training.complete_journey import read_complete_journey
from recommender.training.complete_journey_mailings import read_mailings
from recommender.training.numbers import Numbers
from recommender.training.progress import Progress
from recommender.training.transactions import NO_STORE, Transactions

Click = tuple[str, str, int]
"""Session, item, second."""

STEP = 1000
"""Seconds between sessions of a log without times: only their order is known."""


def clicks_to_lines(clicks: Iterable[Click]) -> Transactions:
    sessions, items = Numbers(), Numbers()
    session, item, at = np.array([(sessions[s], items[i], t) for s, i, t in clicks], np.int64).reshape(-1, 3).T
    number = session.astype(np.int32)
    nowhere = np.full(len(at), NO_STORE, np.int32)
    return Transactions(sessions.ids(), items.ids(), (), number, item.astype(np.int32), nowhere, number, at)


def in_sequence(sessions: Iterable[list[str]]) -> Iterator[Click]:
    for number, session in enumerate(sessions):
        for place, item in enumerate(session):
            yield str(number), item, number * STEP + min(place, STEP - 1)


def whole_sessions(examples: Iterable[tuple[list[str], str]]) -> Iterator[list[str]]:
    """The sessions whose prefixes these are: each is followed by its own shorter ones."""
    expected: list[str] = []
    for prefix, target in examples:
        session = [*prefix, target]
        if session != expected:
            yield session
        expected = prefix


def retailrocket(folder: Path) -> tuple[Transactions, Transactions]:
    with gzip.open(folder / "train_sessions.txt.gz", "rt") as file:
        train = clicks_to_lines(in_sequence(line.split() for line in file))
    with gzip.open(folder / "test_examples.txt.gz", "rt") as file:
        parted = (line.rstrip("\n").split("\t") for line in file)
        test = clicks_to_lines(in_sequence(whole_sessions((prefix.split(), target) for prefix, target in parted)))
    return train, test


def serenade(folder: Path) -> tuple[Transactions, Transactions]:
    with gzip.open(folder / "train.txt.gz", "rt") as file:
        train = clicks_to_lines(_tabbed(file))
    with (folder / "test.txt").open() as file:
        test = clicks_to_lines(_tabbed(file))
    return train, test


def _tabbed(lines: Iterable[str]) -> Iterator[Click]:
    rows = iter(lines)
    next(rows)
    for row in rows:
        session, item, at = row.split("\t")
        yield session, item, int(float(at))


BARS = {
    "session_retailrocket": {"HR@20": 0.572, "MRR@20": 0.290},
    "serenade_toy": {"HR@20": 0.671, "MRR@20": 0.369},
    "complete_journey": {"recall@10": 0.135},
    "coupons": {"AUC": 0.79, "AP": 0.49},
}
"""What the shipped model is to reach."""

LOGS = {"session_retailrocket": (retailrocket, 2), "serenade_toy": (serenade, 1)}
"""How each is read, and the clicks of the shortest prefix that its publishers judge."""


def complete_journey() -> Transactions:
    """Baskets of three items or more, items bought five times or more, households with eight such baskets or more."""
    lines = _distinct(read_complete_journey())
    lines = lines.only(np.bincount(lines.item)[lines.item] >= 5)
    lines = lines.only(np.bincount(lines.basket)[lines.basket] >= 3)
    _, first = np.unique(lines.basket, return_index=True)
    baskets = np.bincount(lines.customer[first], minlength=len(lines.customers))
    return lines.only(baskets[lines.customer] >= 8)


def _distinct(lines: Transactions) -> Transactions:
    """Each item once a basket."""
    _, first = np.unique(lines.basket.astype(np.int64) * len(lines.items) + lines.item, return_index=True)
    chosen = np.zeros(len(lines), bool)
    chosen[first] = True
    return lines.only(chosen)


def figures(report: Report) -> dict[str, float | int | str]:
    own = _by_model(report)
    shipped = list(report.models)[-1]
    spans = {metric: f"{low:.4f} to {high:.4f}" for metric, (low, high) in report.intervals.items()}
    bounds = {f"{shipped}: {metric} 95 %": span for metric, span in spans.items()}
    timing = {"p50 ms": report.latency.p50_ms, "p99 ms": report.latency.p99_ms, "seconds": report.seconds}
    return {"n": report.n, "wanted items known": report.known, **timing, **own, **bounds}


def coupon_figures(report: CouponReport) -> dict[str, float | int | str]:
    spans = {f"seeds: {metric}": f"{low:.4f} to {high:.4f}" for metric, (low, high) in report.spread.items()}
    return {"n": report.n, "redeemed": report.redeemed, "seconds": report.seconds, **_by_model(report), **spans}


def _by_model(report: Report | CouponReport) -> dict[str, float]:
    return {f"{model}: {metric}": value for model, each in report.models.items() for metric, value in each.items()}


def tell(name: str, report: Report | CouponReport, *, as_json: bool) -> None:
    """A table of the models on stdout, or with JSON every figure as one object."""
    if as_json:
        show(name, coupon_figures(report) if isinstance(report, CouponReport) else figures(report), as_json=True)
        return
    header, rows = coupon_table(report) if isinstance(report, CouponReport) else table(report)
    shown = Table(*header, title=f"{name}: {report.n:,} judged, {report.seconds:.0f} s", caption=machine())
    for row in rows:
        shown.add_row(*row)
    shown.add_row(
        "to be reached", *(f"{BARS[name][metric]:.4f}" if metric in BARS[name] else "" for metric in header[1:])
    )
    Console(width=120).print(shown)


def told(name: str) -> Progress:
    """One line a step, for whoever waits."""
    said = ""

    def say(doing: str, done: float) -> None:
        nonlocal said
        if doing != said:
            print(f"{name}: {done:4.0%} {doing}", file=sys.stderr, flush=True)
            said = doing

    return say


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds the logs; without it, only Complete Journey")
    parser.add_argument("--only", choices=list(BARS), help="one data set instead of all")
    parser.add_argument("--json", action="store_true", help="one JSON object a data set")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else BARS:
        if (report := judged(name, arguments.data)) is not None:
            tell(name, report, as_json=arguments.json)


def judged(name: str, data: Path | None) -> Report | CouponReport | None:
    """None where its files are not there."""
    if name in LOGS:
        read, shortest = LOGS[name]
        there = data is not None and (data / name).is_dir()
        return evaluate_sessions(*read(data / name), told(name), shortest) if data is not None and there else None
    if name == "coupons":
        return evaluate_coupons(read_mailings(), progress=told(name))
    return evaluate_baskets(complete_journey(), told(name))


if __name__ == "__main__":
    main()
