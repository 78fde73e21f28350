"""`caudal train`."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from caudal.cache import cache_folder
from streams.settings import Settings


def train(
    source: str = "complete-journey",
    *,
    until: datetime | None = None,
    sessions: Path | None = None,
    ranker: bool = True,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Train a model and publish it; workers and gateways take it up by themselves.

    How sessions are best asked is tried out on their newest, which takes a minute. The last line printed is the
    version that was published.

    Parameters
    ----------
    source
        A file of purchases, tab-separated with the header `customer_id basket_id item_id timestamp [store_id]`, or
        `complete-journey`: the year of a real grocer that comes with the package. A file of sessions does for both.
    until
        Learn only from what happened before this moment (ISO 8601, UTC), so that what followed can be measured.
    sessions
        A file of clicks, tab-separated with the header `session_id item_id timestamp`: what others did in sessions like
        the customer's current one.
    ranker
        Learn also in which order the best candidates go, from the newest baskets of each customer: half of the time.
    """
    from recommender.training.openmp import ensure

    ensure(cache_folder() / "lib")
    from recommender.training.train import TRAINING, Material, train_and_publish

    moment = None if until is None else int(_utc(until).timestamp())
    models = (settings or Settings()).models
    policy = TRAINING if ranker else replace(TRAINING, ranked=0)
    version = train_and_publish(Material(source, moment, sessions), models, policy, _tell)
    _tell_whether_it_waits(models)
    print(version)


def _tell_whether_it_waits(models: Path) -> None:
    from recommender.rollout import RolloutRefused, read_rollout

    try:
        held = read_rollout(models).serving
    except RolloutRefused as fault:
        print(fault)
        return
    if held:
        print(f"it waits, since {held} is held: try it with `caudal models candidate` or `caudal models shadow`")


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tell(doing: str, done: float) -> None:
    print(f"{done:4.0%} {doing}", flush=True)
