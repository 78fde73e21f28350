"""Redis dies, stands still, is full, comes back as it was: nothing is lost or done twice, everybody is answered."""

import shutil
import time
from collections.abc import Callable, Iterator

import pytest

from retail.events import DeliveryReported, DeliveryStatus, decode_event
from streams.topics import DELIVERIES
from tests.chaos.log import Seen, scan
from tests.chaos.reading import UNAVAILABLE, check_answers, reading
from tests.chaos.replica import Shown, counted, replica_of, shown
from tests.chaos.trial import Trial, trial
from tests.patience import PATIENCE

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("redis-faults")) as prepared:
        yield prepared


@pytest.fixture
def staffed(run: Trial) -> Trial:
    run.staff(1)
    return run


def until(holds: Callable[[], bool], what: str) -> None:
    """Raises AssertionError where it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def read_again(run: Trial) -> None:
    """Until the gateway answers with states again."""
    customer = run.customers()[0]

    def personal() -> bool:
        answer = run.gateway.get(f"/v1/recommendations?customer={customer}", "site")
        return bool(answer.status == 200 and answer.body["fallback"] != UNAVAILABLE)

    until(personal, "the gateway reads no states any more")


def test_a_redis_that_is_killed_and_comes_back_costs_nothing_but_the_personal_touch(staffed: Trial) -> None:
    with staffed.under_load():
        staffed.system.servers.redis.kill()
        with reading(staffed.gateway, staffed.customers()) as reader:
            time.sleep(3)
        staffed.system.servers.redis.start()
        staffed.await_progress()
        read_again(staffed)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)
    assert reader.share(UNAVAILABLE) == 1


def test_while_redis_stands_still_nothing_is_acknowledged_and_everybody_is_answered(staffed: Trial) -> None:
    real = staffed.system.servers.real
    with staffed.under_load():
        staffed.system.servers.redis.pause()
        try:
            with reading(staffed.gateway, staffed.customers()) as reader:
                time.sleep(2)
                before = staffed.committed() if real else {}
                time.sleep(5)
                after = staffed.committed() if real else {}
        finally:
            staffed.system.servers.redis.resume()
        staffed.await_progress()
        read_again(staffed)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)
    assert reader.share(UNAVAILABLE) == 1
    assert after == before


def test_while_redis_is_full_nothing_is_acknowledged_and_states_are_still_read(staffed: Trial) -> None:
    real = staffed.system.servers.real
    with staffed.under_load(), staffed.system.redis() as client:
        client.config_set("maxmemory", "1mb")
        try:
            time.sleep(2)
            before = staffed.ledgers(), staffed.committed() if real else {}
            with reading(staffed.gateway, staffed.customers()) as reader:
                time.sleep(4)
            after = staffed.ledgers(), staffed.committed() if real else {}
        finally:
            client.config_set("maxmemory", "0")
        staffed.await_progress()
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)
    assert reader.share(UNAVAILABLE) < 0.5
    assert after == before


def test_a_redis_that_comes_back_older_than_it_was_is_led_back_to_where_it_stood(staffed: Trial) -> None:
    data, copy = staffed.system.folder / "redis", staffed.system.folder / "redis-before"
    with staffed.under_load():
        staffed.system.servers.redis.kill()
        shutil.copytree(data, copy)
        staffed.system.servers.redis.start()
        then = staffed.ledgers()
        staffed.await_progress()
        time.sleep(3)
        staffed.system.servers.redis.kill()
        shutil.rmtree(data)
        copy.rename(data)
        staffed.system.servers.redis.start()
        staffed.await_progress()
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert all(now > before for now, before in zip(staffed.ledgers(), then, strict=True))


def withheld(run: Trial) -> Shown:
    """Pushes that were judged again and not sent again, as `deliveries` tells."""
    found: Shown = set()

    def see(record: Seen) -> None:
        event = decode_event(record.value or b"")
        if isinstance(event, DeliveryReported) and event.status is DeliveryStatus.WITHHELD:
            found.add((event.customer, event.decision))

    scan(run.system.settings.broker, [DELIVERIES.name], see)
    return found


def test_what_a_customer_was_shown_is_known_after_a_failover_to_a_replica_that_lagged(staffed: Trial) -> None:
    partitions = staffed.system.settings.customer_partitions
    with replica_of(staffed.system.servers.redis, staffed.system.folder) as replica, replica.client() as later:
        with staffed.under_load():
            replica.lag_from_now_on()
            staffed.await_progress()
            time.sleep(4)
            customers = staffed.customers()
            with staffed.system.redis() as primary:
                before = shown(primary, customers, partitions)
            forgotten = before - shown(later, customers, partitions)
            staffed.fail_over(replica)
            staffed.await_progress()
            read_again(staffed)
        verdict = staffed.verdict()
        assert verdict.clean, verdict.text()
        assert forgotten, "the replica lagged behind in nothing: the failover was harmless"
        assert before - counted(later, customers, partitions) == set()
        missing = before - shown(later, customers, partitions)
    assert missing <= withheld(staffed), "what is missing was judged again, and the gate forbids it by now"
    assert forgotten - missing, "nothing that was forgotten came back"
