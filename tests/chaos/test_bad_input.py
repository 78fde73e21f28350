"""Whatever anybody writes to any topic: what cannot be applied is told of with its bytes, and nobody is held up."""

import signal
import time
from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from caudal.embedded import free_port
from retail.catalog import Item
from retail.refusals import ID_CONFLICT
from retail.rejects import decode_rejected
from streams.topics import CUSTOMER_EVENTS, PROMOTIONS, REFERENCE, REJECTED, SOURCES
from streams.topics.reference import reference_records
from tests.chaos.driver import Nuisances
from tests.chaos.journal import ACKED, Poison
from tests.chaos.log import Seen, scan
from tests.chaos.senders import KafkaSender
from tests.chaos.traffic import ITEMS, Kind, Sent, poison
from tests.chaos.trial import Trial, trial
from tests.live.test_metrics import scrape
from tests.patience import PATIENCE

pytestmark = pytest.mark.live

TOLD_OF = (*(topic.name for topic in SOURCES), CUSTOMER_EVENTS.name)
"""Topics whose bad records lie in `events.rejected`."""

SKIPPED = (PROMOTIONS.name, *(topic.name for topic in REFERENCE))
"""Topics whose bad records change nothing: the log tells of them."""

OF_EACH = 20
"""Bad records in each topic, two of each kind; those of the traffic come on top."""

CONFLICTS = 50


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("bad-input"), {"metrics_port": port}) as prepared:
        yield prepared


@pytest.fixture
def staffed(run: Trial) -> Trial:
    run.staff(1)
    return run


def sender(run: Trial) -> KafkaSender:
    return KafkaSender(run.system.settings.broker, idempotent=run.system.settings.idempotent_producer)


def poison_everything(run: Trial) -> None:
    """Bytes of every bad kind into every topic that a worker or a gateway reads."""
    producer, draw, stamp = sender(run), Random(1), int(time.time() * 1000)
    for n in range(OF_EACH):
        for topic in (*TOLD_OF, *SKIPPED):
            bad = Poison(poison(draw, 1_000_000 + n))
            producer.poison(topic, bad, stamp)
            if topic in TOLD_OF:
                run.journal.poison.append(bad)
            else:
                run.journal.foreign.add(bad.raw)
    producer.close()


def knows(run: Trial, item: str) -> bool:
    """Whether the gateway has heard of an item: nobody has bought or seen any, so it names the catalogue."""
    answer = run.gateway.get("/v1/recommendations?customer=nobody&limit=100", "site")
    return item in {entry["item"] for entry in answer.body["items"]}


def offered(run: Trial, item: Item) -> None:
    producer = sender(run)
    for record in reference_records([item]):
        producer.write(record.topic, record.key, record.value)
    producer.close()


def test_poison_on_every_topic_stops_nobody_and_each_is_told_of(staffed: Trial, port: int) -> None:
    with staffed.under_load(Nuisances(copies=0.05, poison=0.01)):
        poison_everything(staffed)
        staffed.await_progress()
        faults = scrape(port, "caudal_agent_faults_total")
        staffed.system.workers.signal(0, signal.SIGKILL)
        staffed.await_progress()
        again = scrape(port, "caudal_agent_faults_total")
        offered(staffed, Item(id="afterwards", name="Afterwards"))
        deadline = time.monotonic() + PATIENCE
        while not knows(staffed, "afterwards"):
            assert time.monotonic() < deadline, "the gateway follows the shop no more"
            time.sleep(0.2)
    endings = [ending for ending in staffed.system.workers.endings if not ending.meant]
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert verdict.poison >= OF_EACH * len(TOLD_OF)
    assert sum(faults.values()) == sum(again.values()) == 0
    assert endings == []


def conflicting(sent: Sent) -> Sent:
    """The same message, with something else in it."""
    other = f"item-{(int(sent.subject.removeprefix('item-')) + 1) % ITEMS}"
    return msgspec.structs.replace(sent, subject=other, http=False, outcome="")


def conflicts(run: Trial) -> set[str]:
    """Sources of the events that were refused since their id was another's."""
    found: set[str] = set()

    def see(record: Seen) -> None:
        rejected = decode_rejected(record.value or b"")
        if rejected.reason == ID_CONFLICT:
            found.add(rejected.source)

    scan(run.system.settings.broker, [REJECTED.name], see)
    return found


def test_an_id_that_comes_again_counts_once_and_with_another_body_it_is_told_of(staffed: Trial) -> None:
    with staffed.under_load(Nuisances(copies=0.05, poison=0.0)):
        time.sleep(2)
        own = [sent for sent in list(staffed.journal.sent)[-400:] if sent.kind is Kind.ADD and sent.outcome == ACKED]
        producer = sender(staffed)
        for sent in own[:CONFLICTS]:
            producer.repeat(conflicting(sent))
        producer.close()
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert verdict.copies > 20
    assert len(conflicts(staffed)) == len(own[:CONFLICTS]) > 10
