"""`caudal evaluate sessions`, `baskets`, `coupons`, `policy` and `models`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from caudal.cache import cache_folder

if TYPE_CHECKING:
    from rich.console import Console

    from recommender.evaluation.report import CouponReport, Report


def sessions(
    *, train: Path, test: Path, report: Path | None = None, json: Annotated[bool, Parameter(negative="")] = False
) -> None:
    """Predict the next item of sessions, after every click, and compare with what was clicked.

    Files are tab-separated with the header `session_id item_id timestamp`; a timestamp is seconds since 1970 (or
    thousandths, millionths), or ISO 8601. The shipped models are trained on the one, tuned on its newest sessions, and
    judged on the other, beside the baselines.

    Parameters
    ----------
    train
        The sessions to learn from.
    test
        The sessions to judge on.
    report
        Write the report also as an HTML page with plots, which needs no other file, to this path.
    json
        Print the report as one JSON object instead of a table.
    """
    _prepare()
    from recommender.evaluation.sessions import evaluate_sessions

    _tell(evaluate_sessions(train, test, _show), report, json)


def baskets(*, file: Path, report: Path | None = None, json: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Predict each customer's last basket from all the others, and compare with what was in it.

    The file is tab-separated with the header `customer_id basket_id item_id timestamp [store_id]`; a timestamp may also
    be the number of a day or of the customer's basket. The shipped models are trained on all but the last baskets and
    judged on those, beside the baselines.

    Parameters
    ----------
    file
        The baskets.
    report
        Write the report also as an HTML page with plots, which needs no other file, to this path.
    json
        Print the report as one JSON object instead of a table.
    """
    _prepare()
    from recommender.evaluation.baskets import evaluate_baskets

    _tell(evaluate_baskets(file, _show), report, json)


def coupons(*, json: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Foresee which households redeem a coupon of a campaign, from what was known when it started.

    The year of Complete Journey that comes with the package: campaigns that start before August teach, those from
    August on judge. The mean of three seeds, beside what counting alone would say.

    Parameters
    ----------
    json
        Print the report as one JSON object instead of a table.
    """
    _prepare()
    from recommender.evaluation.coupons import evaluate_coupons
    from recommender.evaluation.report import to_json
    from recommender.training.complete_journey_mailings import read_mailings

    _show("reading", 0.0)
    report = evaluate_coupons(read_mailings(), progress=_show)
    if json:
        print(to_json(report).decode())
        return
    _tell_coupons(report)


def policy(
    *,
    file: Path,
    reward: Literal["clicked", "added", "bought", "redeemed"] = "clicked",
    report: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Estimate what other policies would have earned, from the places that exploration left to chance.

    The file has one choice a line, as `caudal outcomes` writes them. Judged are the policy that served, its ranking
    without exploration, popularity, an even chance for all, and, where each line has a `target` with the probability of
    each candidate, your own: by DR, SNIPS and IPS with 95 % intervals, the effective number of choices, and warnings.

    Parameters
    ----------
    file
        The choices.
    reward
        What counts as a success.
    report
        Write the report also as an HTML page, which needs no other file, to this path.
    json
        Print the report as one JSON object instead of a table.
    """
    from recommender.evaluation.choices import Reward, read_choices
    from recommender.evaluation.page import policy_page
    from recommender.evaluation.policies import evaluate_policies, header, rows
    from recommender.evaluation.report import to_json

    found = evaluate_policies(read_choices(file), Reward(reward))
    if report is not None:
        report.write_text(policy_page(found), encoding="utf-8")
    if json:
        print(to_json(found).decode())
        return
    title = f"{found.reward}: {found.n:,} choices of {found.customers:,} customers, {found.mean:.4f} of them successes"
    console = _print_table(title, header(), rows(found))
    console.print(f"left out, since nothing else could have been shown: {found.fixed:,}")
    for name, judged in found.policies.items():
        for warning in judged.warnings:
            console.print(f"{name}: {warning}")


def models(
    old: str,
    new: str,
    *,
    file: Path,
    reward: Literal["clicked", "added", "bought", "redeemed"] = "clicked",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Compare two models by what became of their answers, while a candidate answered some of the customers.

    The file has one place of an answer a line, as `caudal outcomes` writes them. Only the time counts in which both
    answered, and only customers whom one of them answered; means are of a place that was seen, intervals of 95 % by
    customer. Nothing has to be left to chance for it.

    Parameters
    ----------
    old
        The version that served, as `caudal models list` names it.
    new
        The version that was the candidate.
    file
        The places.
    reward
        What counts as a success.
    json
        Print the report as one JSON object instead of a table.
    """
    from recommender.evaluation.choices import Reward, read_choices
    from recommender.evaluation.policies import told
    from recommender.evaluation.report import to_json
    from recommender.evaluation.two_models import compare

    found = compare(read_choices(file), old, new, Reward(reward))
    if json:
        print(to_json(found).decode())
        return
    rows = [[one.model, f"{one.n:,}", f"{one.customers:,}", told(one.mean)] for one in (found.old, found.new)]
    rows.append(["new less old", "", "", told(found.difference)])
    console = _print_table(f"{found.reward}, of a place that was seen", ["model", "places", "customers", "mean"], rows)
    console.print(f"left out, since both models answered them: {found.moved:,} customers")


def _prepare() -> None:
    """May start this command anew, with the library that training needs."""
    from recommender.training.openmp import ensure

    ensure(cache_folder() / "lib")


def _show(doing: str, done: float) -> None:
    """Progress on stderr, one line that is written over, for people only."""
    if sys.stderr.isatty():
        print(f"\r{done:4.0%} {doing:60.60}", end="" if done < 1.0 else "\r", file=sys.stderr, flush=True)


def _tell(report: "Report", file: Path | None, json: bool) -> None:
    from recommender.evaluation.page import page
    from recommender.evaluation.report import to_json

    if file is not None:
        file.write_text(page(report), encoding="utf-8")
    if json:
        print(to_json(report).decode())
        return
    _tell_table(report)


def _tell_coupons(report: "CouponReport") -> None:
    from recommender.evaluation.report import coupon_table

    title = f"coupons: {report.n:,} judged ({report.redeemed:.1%} redeemed), learned from {report.trained_on:,}"
    console = _print_table(title, *coupon_table(report))
    console.print(f"{len(report.seeds)} seeds; {report.features} features; {report.seconds} s; {report.machine}")


def _print_table(title: str, header: list[str], rows: list[list[str]]) -> "Console":
    from rich.console import Console
    from rich.table import Table

    shown = Table(*header, title=title)
    for row in rows:
        shown.add_row(*row)
    console = Console()
    console.print(shown)
    return console


def _tell_table(report: "Report") -> None:
    from recommender.evaluation.report import table

    title = f"{report.form}: {report.n:,} judged, learned from {report.trained_on:,} lines, {report.items:,} items"
    console = _print_table(title, *table(report))
    latency = report.latency
    console.print(
        f"one recommend call: p50 {latency.p50_ms} ms, p90 {latency.p90_ms} ms, p99 {latency.p99_ms} ms "
        f"({latency.calls:,} calls); seed {report.seed}; {report.seconds} s; {report.machine}"
    )
    console.print(f"training knew {report.known:.1%} of the wanted items")
    if report.tuning:
        console.print("tuned: " + ", ".join(f"{name} {value:g}" for name, value in report.tuning.items()))
    for why, how_many in report.skipped.items():
        console.print(f"not judged: {how_many:,} {why}")
