"""The network between processes and servers is cut, silent in one direction, loses replies, or is slow."""

import time
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from tests.chaos.proxy import BLACK_HOLE, CUT, FAIR, Proxy, Weather
from tests.chaos.reading import UNAVAILABLE, check_answers, reading
from tests.chaos.trial import Trial, trial

pytestmark = pytest.mark.live

REDIS_TIMEOUT = 1.0
"""Seconds that workers wait for Redis here, so that a silence need not be long to be noticed."""

SILENT_TO = Weather(requests_held=True)
SILENT_FROM = Weather(replies_held=True)
FORGETFUL = Weather(replies_lost=True)
SLOW = Weather(delay=0.1, jitter=0.05, resets=0.005)
"""Each way, so 200 ms ± 100 from question to answer, and one in a hundred of them resets the connection."""

TAKEN_OVER = 9.0
"""Seconds of silence after which a worker's partitions are another's: Kafka waits 6."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("network-faults"), {"redis_timeout": REDIS_TIMEOUT}) as prepared:
        yield prepared


@pytest.fixture
def staffed(run: Trial) -> Trial:
    run.staff(2)
    return run


def pass_through(proxy: Proxy, *weathers: tuple[Weather, float]) -> None:
    """Each weather for its seconds, in turn."""
    for weather, seconds in weathers:
        with proxy.having(weather):
            time.sleep(seconds)


def test_a_worker_without_redis_waits_and_goes_on_whichever_direction_is_lost(staffed: Trial) -> None:
    proxy = staffed.system.servers.redis_proxies[0]
    with staffed.under_load():
        pass_through(proxy, (CUT, 1.5), (FAIR, 0.5), (SILENT_TO, 2), (FAIR, 0.5), (SILENT_FROM, 2), (BLACK_HOLE, 2))
        staffed.await_progress()
    waited = staffed.system.workers.life(0).count("waiting for a dependency")
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert waited > 3


def test_a_worker_without_kafka_is_replaced_and_what_it_held_is_done_once(staffed: Trial) -> None:
    """The embedded broker has one address for all, so there everybody is without it."""
    proxy = staffed.system.servers.kafka_proxies[0]
    assigned = staffed.system.workers.life(1).count("partitions assigned")
    with staffed.under_load():
        pass_through(proxy, (CUT, 2), (FAIR, 1), (SILENT_TO, 3), (FAIR, 1), (SILENT_FROM, TAKEN_OVER))
        staffed.await_progress()
    again = staffed.system.workers.life(1).count("partitions assigned")
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    if staffed.system.servers.real:
        assert again > assigned


def test_what_is_done_but_never_confirmed_is_done_once(staffed: Trial) -> None:
    """The connections of one worker to Redis and to Kafka break, again and again, when they are about to reply."""
    proxies = staffed.system.servers.redis_proxies[0], staffed.system.servers.kafka_proxies[0]
    with staffed.under_load():
        for proxy in chain.from_iterable(repeat(proxies, 8)):
            pass_through(proxy, (FORGETFUL, 0.2), (FAIR, 0.2))
        staffed.await_progress()
    lost = [proxy.lost for proxy in proxies]
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert min(lost) > 3


def test_on_a_slow_network_that_breaks_everybody_is_answered_and_nothing_is_done_twice(staffed: Trial) -> None:
    servers = staffed.system.servers
    proxies = [*servers.redis_proxies[:2], *servers.kafka_proxies[:2], staffed.redis_proxy]
    with staffed.under_load():
        for proxy in proxies:
            proxy.set(SLOW)
        with reading(staffed.gateway, staffed.customers()) as reader:
            time.sleep(6)
        for proxy in proxies:
            proxy.set(FAIR)
        staffed.await_progress()
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)
    assert reader.share(UNAVAILABLE) > 0.9
