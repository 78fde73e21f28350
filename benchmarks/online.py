"""What learning online is worth and costs: a model of yesterday, with and without today's clicks of others behind it.

`--data FOLDER` as for `benchmarks.quality`. The newest share of a log's sessions is kept from training and told as
clicks; the questions are those of the publishers. `trained`: without them. `online`: with them in the live index.
`whole`: a model's index built of all sessions at once, asked with the same tuning and over the same items: what
online can reach at best.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import LOGS
from benchmarks.report import show
from recommender.evaluation import metrics
from recommender.evaluation.asking import lists
from recommender.evaluation.contenders import BLEND, session_contenders
from recommender.evaluation.sessions import PLACES, Cases, cases_of, trained_on
from recommender.lately import Lately
from recommender.model import Model, make_model
from recommender.recent_clicks import NO_CLICKS, Clicks, live_index, newest
from recommender.records import CLICK
from recommender.session_build import joined
from recommender.training.progress import silent
from recommender.training.transactions import Transactions
from recommender.trends import Trends
from retail.catalog import item_key
from retail.clicks import clicks_of
from retail.customers import CustomerState, Interaction, Session
from retail.events import Channel, ProductViewed

DAY = 24 * 3_600_000
"""Milliseconds."""

TOLD = 100_000
"""Clicks whose telling is timed."""

VIEW = ProductViewed(id="m1", customer="a-customer-of-ours", channel=Channel.WEB, at=DAY, received=DAY, item="an-item")
LOOKING = CustomerState(session=Session(Channel.WEB, DAY, DAY, 1))

ALL = 10**15
"""Milliseconds of a span that leaves nothing out."""


def divided(lines: Transactions, share: float) -> tuple[Transactions, Transactions]:
    """Yesterday's sessions and today's: those that ended last."""
    ended = np.zeros(len(lines.customers), np.int64)
    np.maximum.at(ended, lines.customer, lines.at)
    turn = np.empty(len(ended), np.int64)
    turn[np.argsort(ended, kind="stable")] = np.arange(len(ended))
    today: NDArray[np.bool_] = turn[lines.customer] >= int(len(ended) * (1 - share))
    return lines.only(~today), lines.only(today)


def told(lines: Transactions) -> Clicks:
    """As a worker would have told of them; clicks of one second keep the order of the lines."""
    clicks = np.zeros(len(lines), CLICK)
    clicks["item"] = np.array([item_key(item) for item in lines.items], np.uint64)[lines.item]
    clicks["session"], clicks["kind"] = lines.customer, Interaction.VIEWED
    order = np.lexsort((np.arange(len(lines)), lines.at, lines.customer))
    clicks = clicks[order]
    clicks["at"] = lines.at[order] * 1000 + np.arange(len(order)) % 1000
    return clicks


def judged(cases: Cases, model: Model) -> dict[str, float]:
    policy = session_contenders(model.blend)[BLEND].policy
    places = metrics.places_of(list(lists(cases.queries, model, policy)), cases.wanted)
    return {
        "HR@20": float(metrics.hits(places, PLACES).mean()),
        "MRR@20": float(metrics.reciprocal_ranks(places, PLACES).mean()),
    }


def costs(clicks: Clicks, model: Model) -> Iterator[tuple[str, float]]:
    """CPU of what a worker does to tell, and each process to learn: once a click, and once a round. Compiled before."""
    began = time.process_time()
    for _ in range(TOLD):
        clicks_of([VIEW], {VIEW.customer: LOOKING}, bytes(32))
    yield "us a click, telling", (time.process_time() - began) / TOLD * 1e6
    joined(model.sessions, live_index(newest(NO_CLICKS, clicks, len(clicks), ALL), model.shelf))
    began = time.process_time()
    Trends(DAY).take(clicks)
    yield "us a click, counting trends", (time.process_time() - began) / len(clicks) * 1e6
    began = time.process_time()
    kept = newest(NO_CLICKS, clicks, len(clicks), ALL)
    live = live_index(kept, model.shelf)
    yield "ms a round, live index", (time.process_time() - began) * 1e3
    began = time.process_time()
    joined(model.sessions, live)
    yield "ms a round, joining", (time.process_time() - began) * 1e3


def compare(training: Transactions, test: Transactions, shortest: int, share: float) -> dict[str, float | int]:
    before, today = divided(training, share)
    model = make_model("yesterday", trained_on(before, silent))
    cases, clicks = cases_of(test, shortest), told(today)
    figures: dict[str, float | int] = {"n": len(cases.queries), "sessions today": len(np.unique(today.customer))}
    figures |= {f"trained: {name}": value for name, value in judged(cases, model).items()}
    live = live_index(newest(NO_CLICKS, clicks, len(clicks), ALL), model.shelf)
    model.lately.put(joined(model.sessions, live), Trends(DAY))
    figures |= {f"online: {name}": value for name, value in judged(cases, model).items()}
    whole = live_index(newest(told(before), clicks, len(training), ALL), model.shelf)
    exact = replace(model, sessions=whole, lately=Lately())
    figures |= {f"whole: {name}": value for name, value in judged(cases, exact).items()}
    return figures | dict(costs(clicks, model))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the logs")
    parser.add_argument("--share", type=float, default=0.1, help="of the sessions that are today's, the newest")
    parser.add_argument("--json", action="store_true", help="one JSON object a data set")
    arguments = parser.parse_args()
    for name, (read, shortest) in LOGS.items():
        if (arguments.data / name).is_dir():
            training, test = read(arguments.data / name)
            show(name, compare(training, test, shortest, arguments.share), as_json=arguments.json)


if __name__ == "__main__":
    main()
