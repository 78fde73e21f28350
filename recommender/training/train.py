"""From purchases to a published model."""

import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import Arrays
from recommender.blend import BlendTuning, blend_arrays
from recommender.model import Model, make_model, texts, texts_of
from recommender.policy import TrainingPolicy
from recommender.publication import Provenance, publish
from recommender.ranker import Ranker, ranker_arrays
from recommender.session_build import Log, index_sessions
from recommender.session_index import Tuning, session_arrays
from recommender.training.alike import alike
from recommender.training.blend_tuning import MOST_LINES, TRIAL_ITERATIONS, tune_blend
from recommender.training.complete_journey import read_complete_journey
from recommender.training.covisitation import together
from recommender.training.factors import factors
from recommender.training.popularity import by_popularity, popular
from recommender.training.progress import Progress, silent
from recommender.training.ranking import learn_ranker
from recommender.training.repeats import repeats
from recommender.training.session_log import log_of, numbers_of, starts_of
from recommender.training.session_weight import held_out, questions_of, weigh_sessions
from recommender.training.table import of_sessions, read_baskets, read_sessions
from recommender.training.transactions import Transactions
from recommender.training.tuning import tune
from retail.catalog import item_key

COMPLETE_JOURNEY = "complete-journey"
"""The source that comes with the package."""

TRAINING = TrainingPolicy()


class Learned(NamedTuple):
    """notes: by part of the model, why it is as it is, or why it is not there."""

    arrays: dict[str, NDArray[np.generic]]
    notes: dict[str, str]


class Material(NamedTuple):
    """What is learned from.

    source: "complete-journey", a file `customer_id basket_id item_id timestamp [store_id]`, or the lines; a file
    `session_id item_id timestamp` teaches as purchases and as sessions. sessions: such a file beside the purchases.
    until: seconds since the epoch; what happened from then on is not looked at.
    """

    source: str | Path | Transactions
    until: int | None = None
    sessions: Path | None = None


def train_and_publish(
    material: Material, models: Path, policy: TrainingPolicy = TRAINING, progress: Progress = silent
) -> str:
    """Trains and publishes; returns the version.

    Raises TableRefused, ValueError without a single purchase, OSError where the disk refuses.
    """
    source, until, sessions = material
    progress("reading", 0.0)
    lines, clicks = read(source), None
    if sessions is not None:
        clicks = read_sessions(sessions)
    elif not isinstance(source, Transactions) and source != COMPLETE_JOURNEY and of_sessions(Path(source)):
        clicks = lines
    if until is not None:
        lines, clicks = lines.until(until), clicks and clicks.until(until)
    if not len(lines):
        raise ValueError(f"{source}: nothing was bought" + ("" if until is None else f" before {until}"))
    arrays, notes = learn(lines, policy, progress, clicks)
    progress("publishing", 0.98)
    version = publish(models, arrays, _provenance(lines, arrays, notes))
    progress("done", 1.0)
    return version


def read(source: str | Path | Transactions) -> Transactions:
    if isinstance(source, Transactions):
        return source
    if source == COMPLETE_JOURNEY:
        return read_complete_journey()
    return read_sessions(Path(source)) if of_sessions(Path(source)) else read_baskets(Path(source))


def train(
    lines: Transactions,
    policy: TrainingPolicy = TRAINING,
    progress: Progress = silent,
    sessions: Transactions | None = None,
) -> dict[str, NDArray[np.generic]]:
    """The arrays of `learn`."""
    return learn(lines, policy, progress, sessions).arrays


def learn(
    lines: Transactions,
    policy: TrainingPolicy = TRAINING,
    progress: Progress = silent,
    sessions: Transactions | None = None,
) -> Learned:
    """All that a model is made of. The same lines and policy give the same arrays, on the same machine.

    sessions: clicks, from which the session index is made; items that nobody bought are left out of it.
    The span of popularity and the weights of the sources are found on the lines themselves (`training.blend_tuning`).
    """
    lines = _distinct(lines)
    policy, tuning = tune_blend(lines, policy, _trial, lambda doing, part: progress(doing, 0.25 * part))
    weights = {} if tuning == BlendTuning() else blend_arrays(tuning)

    def teach(some: Transactions) -> Model:
        return make_model("trial", _taught(some, policy, silent) | weights)

    order, why = learn_ranker(lines, teach, policy, lambda doing, part: progress(doing, 0.25 + 0.3 * part))
    arrays = _taught(lines, policy, lambda doing, part: progress(doing, 0.55 + 0.25 * part)) | weights
    if order is not None:
        again = repeats(lines, list(texts_of(arrays["item_ids"])))
        arrays |= ranker_arrays(Ranker(order.trees, again, order.depth))
    if sessions is not None:
        log, popularity = _log(sessions, arrays), arrays["popularity"].astype(np.float32)
        asking = tune(log, popularity, policy.seed, lambda doing, part: progress(doing, 0.8 + 0.15 * part))
        arrays |= session_arrays(index_sessions(log, popularity), asking)
        progress("how much a session says", 0.95)
        arrays |= _weighed(Shop(lines, sessions, policy, tuning), arrays, asking)
    return Learned(arrays, {"ranker": why})


class Shop(NamedTuple):
    """lines: each item of a basket once."""

    lines: Transactions
    sessions: Transactions
    policy: TrainingPolicy
    tuning: BlendTuning


def _weighed(shop: Shop, arrays: dict[str, NDArray[np.generic]], asking: Tuning) -> dict[str, NDArray[np.generic]]:
    """The weights of the sources, that of sessions among them; none where they are the defaults.

    Where the sessions are all there is, the trial learns from those before the ones that it is asked about; purchases
    of a log of their own say nothing of the clicks that are asked for, and their models stay as they are.
    """
    lines, sessions, policy, tuning = shop
    late = held_out(sessions)
    alone = lines.customers is sessions.customers
    early = sessions.only(~late)
    if alone:
        fast = replace(policy, iterations=min(policy.iterations, TRIAL_ITERATIONS))
        arrays = _taught(_distinct(_newest(early)), fast, silent)
    log, popularity = _log(early, arrays), arrays["popularity"].astype(np.float32)
    trial = make_model("trial", arrays | session_arrays(index_sessions(log, popularity), asking))
    tuning = weigh_sessions(questions_of(sessions.only(late), trial, policy.seed), tuning, alone)
    return {} if tuning == BlendTuning() else blend_arrays(tuning)


def _newest(lines: Transactions) -> Transactions:
    """As many of the newest sessions as a trial can do with."""
    if len(lines) <= MOST_LINES:
        return lines
    number = numbers_of(lines)
    starts = starts_of(number)
    return lines.only(number >= np.searchsorted(starts, len(lines) - MOST_LINES))


def _trial(lines: Transactions, policy: TrainingPolicy) -> Model:
    return make_model("trial", _taught(lines, policy, silent))


def _taught(lines: Transactions, policy: TrainingPolicy, progress: Progress) -> dict[str, NDArray[np.generic]]:
    """Everything that purchases teach. lines: each item of a basket once."""
    names, lines = _shelved(lines, policy)
    progress("what is bought together", 0.0)
    arrays: dict[str, NDArray[np.generic]] = {"item_ids": texts(names), "store_ids": texts(lines.stores)}
    arrays |= _keys(names) | together(lines, len(names), policy)
    progress("what is popular", 0.1)
    arrays |= popular(lines, len(names), policy)
    arrays |= factors(lines, len(names), policy, lambda part: progress("tastes", 0.2 + 0.7 * part))
    progress("what is alike", 0.9)
    arrays |= alike(arrays["factors"].astype(np.float32), policy)
    return arrays


def _log(sessions: Transactions, arrays: Arrays) -> Log:
    """The sessions with the rows of the shelf in place of item numbers, without what the shelf does not know."""
    names = texts_of(arrays["item_ids"])
    rows = {name: row for row, name in enumerate(names)}
    row_of = np.array([rows.get(item, -1) for item in sessions.items], np.int32)
    known = sessions.only(row_of[sessions.item] >= 0)
    return log_of(replace(known, item=row_of[known.item]))


def _distinct(lines: Transactions) -> Transactions:
    """One line for each item of a basket at one moment: twice on a receipt is once wanted."""
    order = np.lexsort((lines.item, lines.at, lines.basket))
    columns = np.stack([lines.basket[order], lines.at[order], lines.item[order]])
    new = np.ones(len(lines), bool)
    new[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    chosen = np.zeros(len(lines), bool)
    chosen[order[new]] = True
    return lines.only(chosen)


def _shelved(lines: Transactions, policy: TrainingPolicy) -> tuple[list[str], Transactions]:
    """The ids of the items that stay, the most popular first, and the lines with rows in place of item numbers."""
    keys = np.array([item_key(item) for item in lines.items], np.uint64)
    counts = np.bincount(lines.item, minlength=len(keys))
    order = by_popularity(lines, keys, policy)
    order = order[counts[order] >= policy.support]
    rows = np.full(len(keys), -1, np.int32)
    rows[order] = np.arange(len(order), dtype=np.int32)
    kept = lines.only(rows[lines.item] >= 0)
    return [lines.items[number] for number in order.tolist()], replace(kept, item=rows[kept.item])


def _keys(names: list[str]) -> dict[str, NDArray[np.generic]]:
    """The arrays `keys` and `rows`."""
    keys = np.array([item_key(name) for name in names], np.uint64)
    rows = np.argsort(keys, kind="stable")
    return {"keys": keys[rows], "rows": rows.astype(np.int32)}


def _provenance(lines: Transactions, arrays: dict[str, NDArray[np.generic]], notes: dict[str, str]) -> Provenance:
    counts = {"lines": len(lines), "items": len(arrays["keys"]), "stores": len(arrays["here_starts"]) - 1}
    return Provenance(
        created=time.time_ns() // 1_000_000,
        first=int(lines.at.min()),
        last=int(lines.at.max()),
        counts=counts,
        notes=notes,
    )
