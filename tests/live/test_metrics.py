"""The metrics of a worker that runs: true also while its agent hangs, and only of what it owns."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from caudal.child import Child
from caudal.embedded import free_port
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS
from tests.live.journal import Journal, Ledger, check, shopping
from tests.patience import PATIENCE
from tests.processes import await_log, start_worker, worker_process

pytestmark = pytest.mark.live

HANGS = 12
"""Seconds that an agent hangs; well below the watchdog's patience."""


def scrape(port: int, name: str) -> dict[tuple[str, str], float]:
    """The values of one metric by topic and partition; "" where it has no such label."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:  # loopback, our own
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.labels.get("topic", ""), sample.labels.get("partition", "")): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def of_customers(port: int, name: str) -> dict[str, float]:
    return {number: value for (topic, number), value in scrape(port, name).items() if topic == CUSTOMER_EVENTS.name}


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


@contextmanager
def hanging_worker(settings: Settings, folder: Path) -> Iterator[Child]:
    """Its whole event loop stops before the second commit."""
    os.environ["CAUDAL_FAULTS"] = f"journey.before_commit=sleep:{HANGS}@2"
    try:
        worker = start_worker(settings, folder, "hanging")
    finally:
        del os.environ["CAUDAL_FAULTS"]
    try:
        await_log(worker, "partitions assigned")
        yield worker
    finally:
        worker.stop(30.0)


def sent(journal: Journal, piece: int) -> bool:
    """Some more events of several customers."""
    journal.send(shopping(20, start=20 * piece, seed=piece, customers=5))
    return True


def lag(port: int) -> float:
    return max(of_customers(port, "caudal_lag_seconds").values(), default=0)


def test_while_an_agent_hangs_the_lag_is_told_and_grows(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    mine = settings.model_copy(update={"metrics_port": port})
    journal = Journal(settings)
    with hanging_worker(mine, tmp_path):
        # All the time: which commit is the second one depends on what a fetch holds, and the hanging is soon over.
        pieces = count()
        eventually(lambda: sent(journal, next(pieces)) and lag(port) > 1)
        before = lag(port)
        time.sleep(2)
        after = lag(port)
        assert after >= before + 1.5
        assert sum(of_customers(port, "caudal_lag_records").values()) > 0
        check(journal, Ledger(settings).wait(journal))
        eventually(lambda: sum(of_customers(port, "caudal_lag_records").values()) == 0)
        assert lag(port) == 0


def test_partitions_that_moved_are_shown_by_their_new_owner_alone(settings: Settings, tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    everything = {str(number) for number in range(settings.customer_partitions)}
    with worker_process(settings.model_copy(update={"metrics_port": first}), tmp_path, "first"):
        eventually(lambda: set(of_customers(first, "caudal_lag_records")) == everything)
        with worker_process(settings.model_copy(update={"metrics_port": second}), tmp_path, "second"):
            eventually(lambda: bool(of_customers(second, "caudal_lag_records")))
            eventually(lambda: shared(first, second, everything))
        eventually(lambda: set(of_customers(first, "caudal_lag_records")) == everything)


def shared(first: int, second: int, everything: set[str]) -> bool:
    """Whether each partition is shown by exactly one of the two, by each metric of it."""
    for name in ("caudal_lag_records", "caudal_lag_seconds", "caudal_committed_offset", "caudal_log_end_offset"):
        ours, theirs = set(of_customers(first, name)), set(of_customers(second, name))
        if not ours or not theirs or ours & theirs or ours | theirs != everything:
            return False
    return True


def test_every_record_is_counted_once_by_what_became_of_it(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    journal = Journal(settings)
    with worker_process(settings.model_copy(update={"metrics_port": port}), tmp_path):
        journal.send(shopping(200))
        journal.send(shopping(200))
        check(journal, Ledger(settings).wait(journal))
        eventually(lambda: sum(scrape(port, "caudal_ledger_next").values()) == 400)
        eventually(lambda: sum(scrape(port, "caudal_identified_events_total").values()) == 400)
        assert sum(scrape(port, "caudal_fetch_records_sum").values()) == 400
        assert sum(scrape(port, "caudal_agent_faults_total").values()) == 0
        assert sum(scrape(port, "caudal_owned_partitions").values()) == settings.customer_partitions
