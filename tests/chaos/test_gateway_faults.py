"""Kafka stands still, a gateway dies, or everybody comes at once: what was accepted is applied, once."""

import http.client
import json
import signal
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from streams.faults import Point
from tests.chaos.journal import ACKED
from tests.chaos.reading import check_answers, reading
from tests.chaos.senders import HttpSender
from tests.chaos.system import GATEWAY
from tests.chaos.traffic import Sent, Traffic
from tests.chaos.trial import CUSTOMERS, RATE, Trial, trial
from tests.processes import Gateway

pytestmark = pytest.mark.live

DEADLINE = 3.0
"""Seconds after which events that Kafka did not take are refused: the default of `accept_deadline`."""

GRACE = 3.0
"""Seconds more for the answer to come about on a machine that does other things; half of a Kafka client's patience."""

STILL = 6.0
"""Seconds that Kafka stands still."""

SPIKE = 10
"""Times the usual rate."""

SPIKE_SECONDS = 6

SENDERS = 6
"""Each with a line per channel: so many requests at once, times four."""

GROWTH_MB = 150
"""What a spike may add to a gateway or a worker: the requests of all senders are less than one megabyte at a time, and
what Kafka holds is read by the fetch."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("gateway-faults")) as prepared:
        yield prepared


@pytest.fixture
def staffed(run: Trial) -> Trial:
    run.staff(1)
    return run


def post(gateway: Gateway, sent: Sent) -> tuple[int, str | None, float]:
    """Status, Retry-After, seconds to the answer, of a repetition of what was sent before."""
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=30)
    headers = {"Authorization": "Basic " + b64encode(f"{gateway.keys['admin']}:".encode()).decode()}
    began = time.monotonic()
    try:
        connection.request("POST", "/v1/batch", json.dumps({"batch": [sent.body()]}).encode(), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Retry-After"), time.monotonic() - began
    finally:
        connection.close()


def repeatable(run: Trial) -> Sent:
    """Something that is stored already, so that sending it again adds nothing."""
    return next(sent for sent in run.journal.sent if sent.http and sent.outcome == ACKED and sent.topic == "events.web")


def largest_mb(run: Trial) -> list[float]:
    """The most that the gateway and the worker ever held."""
    children = run.system.gateway.child, run.system.workers.child(run.system.workers.slots[0])
    texts = [Path(f"/proc/{child.process.pid}/status").read_text() for child in children]
    return [int(line.split()[1]) / 1024 for text in texts for line in text.splitlines() if line.startswith("VmHWM:")]


def test_while_kafka_stands_still_senders_are_told_when_to_come_again_and_readers_notice_nothing(
    staffed: Trial,
) -> None:
    with staffed.under_load():
        again = repeatable(staffed)
        staffed.system.servers.kafka.pause()
        try:
            began = time.monotonic()
            with reading(staffed.gateway, staffed.customers()) as reader:
                status, retry_after, seconds = post(staffed.gateway, again)
                time.sleep(max(0.0, STILL - (time.monotonic() - began)))
        finally:
            staffed.system.servers.kafka.resume()
        staffed.await_progress()
        recovered, _, _ = post(staffed.gateway, again)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert (status, recovered) == (503, 200)
    assert retry_after is not None
    assert int(retry_after) > 0
    assert seconds < DEADLINE + GRACE
    check_answers(reader)


@pytest.mark.parametrize("action", ["kill", "raise"])
@pytest.mark.parametrize("point", [Point.PUBLISH_BEFORE_SEND, Point.PUBLISH_BEFORE_ANSWER])
def test_senders_to_whom_a_gateway_owes_its_answer_send_again_and_it_counts_once(
    staffed: Trial, point: Point, action: str
) -> None:
    gateways = staffed.system.gateways
    gateways.remove(GATEWAY)
    before = len(gateways.endings)
    gateways.add(GATEWAY, f"{point}={action}")
    staffed.system.gateway.await_ready()
    with staffed.under_load():
        staffed.await_progress()
    said = [*(ending.log for ending in gateways.endings[before:]), gateways.life(GATEWAY)]
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    if action == "kill":
        assert [ending.status for ending in gateways.endings[before:]] == [-signal.SIGKILL]
    else:
        assert any("FaultRaised" in life for life in said)


def test_when_ten_times_as_many_come_memory_stays_bounded_and_what_was_accepted_is_applied(staffed: Trial) -> None:
    gateway, rate = staffed.system.gateway, RATE * SPIKE
    senders = [HttpSender(gateway.url, gateway.keys["admin"]) for _ in range(SENDERS)]
    with staffed.under_load():
        staffed.await_progress()
    first, held = len(staffed.journal), largest_mb(staffed)
    crowd = Traffic(int(rate * SPIKE_SECONDS), first + 1, rate, CUSTOMERS, over_http=1.0, first=first)
    with reading(staffed.gateway, ["customer-1"]) as reader:
        began = time.monotonic()
        for number, sent in enumerate(crowd):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            staffed.journal.sent.append(sent)
            senders[Random(sent.customer).randrange(SENDERS)].send(sent)
        for sender in senders:
            sender.close()
    now = largest_mb(staffed)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    statuses = sum((Counter(sender.attempts) for sender in senders), Counter())
    assert statuses.keys() <= {"200", "429", "503"}, statuses
    assert reader.statuses == {200}, reader.answers
    assert all(after < before + GROWTH_MB for after, before in zip(now, held, strict=True)), (held, now)
