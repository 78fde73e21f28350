"""Asking both servers at once, with an end to it whatever they do."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from recommender.model import versions
from recommender.rollout import Rollout, RolloutRefused, missing, read_rollout, serving
from streams.settings import Settings
from streams.state import StateUnavailable
from streams.status import Broker, Status, Store, broker, late_sources, rows_of, sources_of, store, troubles_of
from streams.topics import CUSTOMER_EVENTS
from streams.topics.records import PublishFailed

PATIENCE = 10.0
"""Seconds for all answers of Kafka together."""

T = TypeVar("T")


def gather(settings: Settings) -> Status:
    """Returns within some seconds, also where Redis or Kafka are down or hang."""
    held, redis, known = _store(settings)
    seen, kafka = _broker(settings, known)
    since = _since(settings, seen, held)
    applied = {number: age for (topic, number), age in since.items() if topic == CUSTOMER_EVENTS.name}
    rows, sources = rows_of(settings.customer_partitions, seen, held, applied), sources_of(seen, since)
    down = tuple(fault for fault in (kafka, redis) if fault != "ok")
    model, trial, unfit = models_told(settings.models)
    return Status(
        kafka=kafka,
        redis=redis,
        group=seen.group if seen else None,
        members=seen.members if seen else None,
        model=model,
        trial=trial,
        store=held,
        rows=rows,
        sources=sources,
        troubles=(*down, *unfit, *troubles_of(rows, seen, held, settings.group), *late_sources(sources)),
    )


def models_told(folder: Path) -> tuple[str, str, tuple[str, ...]]:
    """The version that serves, what is said of the one that is tried, and what is wrong."""
    try:
        known = [version.name for version in versions(folder)]
    except OSError as fault:
        return "", "", (f"the models folder cannot be read: {fault}",)
    try:
        rollout = read_rollout(folder)
    except (OSError, RolloutRefused) as fault:
        return serving(Rollout(), known), "", (str(fault),)
    gone = missing(rollout, known)
    troubles = (
        (f"model {gone} is not in {folder}: what served before serves; `caudal models rollback`",) if gone else ()
    )
    trial = rollout.trial
    return serving(rollout, known), f"{trial.version} {trial.told}" if trial else "", troubles


def _store(settings: Settings) -> tuple[Store | None, str, dict[str, str]]:
    try:
        held, known = asyncio.run(store.look(settings))
    except StateUnavailable as fault:
        return None, str(fault), {}
    return held, "ok", dict(known)


def _broker(settings: Settings, known: dict[str, str]) -> tuple[Broker | None, str]:
    try:
        return within(PATIENCE, lambda: broker.look(settings, known)), "ok"
    except TimeoutError:
        return None, f"Kafka at {settings.broker} did not answer within {PATIENCE:g} s"
    except PublishFailed as fault:
        return None, str(fault)


def _since(settings: Settings, seen: Broker | None, held: Store | None) -> dict[tuple[str, int], float]:
    """Only where something waits is its age looked for."""
    rows = rows_of(settings.customer_partitions, seen, held, {})
    behind = {
        (CUSTOMER_EVENTS.name, row.partition): row.ledger for row in rows if row.lag and row.ledger is not None
    } | {place: done for place, (done, _) in (seen.undone if seen else {}).items()}
    if not behind:
        return {}
    try:
        return within(PATIENCE, lambda: broker.waiting(settings, behind))
    except (TimeoutError, PublishFailed):
        return {}


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of work that blocks; its thread is left to itself when the time is over. Raises TimeoutError."""
    results: SimpleQueue[Future[T]] = SimpleQueue()

    def run() -> None:
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except BaseException as fault:  # noqa: BLE001 - raised again by who waits for it
            future.set_exception(fault)
        results.put(future)

    threading.Thread(target=run, daemon=True, name="status").start()
    try:
        return results.get(timeout=seconds).result()
    except Empty:
        raise TimeoutError from None
