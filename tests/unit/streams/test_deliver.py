"""Delivery without a broker: what is posted, what is withheld, and what is said of a push seen before a crash."""

import time
from dataclasses import replace

import pytest

from recommender.policy import GatePolicy
from retail.customers import CustomerState, encode_state
from retail.decisions import Push, encode_decision
from retail.events import DeliveryStatus
from streams.deliver import Deliver, read_push
from streams.meters import Meters
from streams.records import Progress
from streams.state import Commit
from streams.state.memory import MemoryState
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher
from tests.shop import GATE, shop

PARTITIONS = 4
ALWAYS_DAY = replace(GATE, quiet_from=GATE.quiet_until)
"""No quiet hours: delivery asks the real clock."""


def push_to(customer: str = "ana") -> Push:
    now = int(time.time() * 1000)
    return Push(
        id=f"decision-{customer}",
        customer=customer,
        occasion="madrid:1",
        visit="madrid:1",
        offer="welcome",
        store="madrid",
        zone="",
        at=now,
        expires=now + 600_000,
        title="Welcome",
        body="Today",
        why="Because you are here.",
    )


async def delivery(consents: dict[str, bool], policy: GatePolicy = ALWAYS_DAY) -> Deliver:
    state = MemoryState()
    await remember(state, CustomerState(version=1, consents=consents))
    publisher = Publisher("127.0.0.1:1")  # never started: nothing is published here
    return Deliver(state, publisher, shop(), policy, Progress(), Meters(), PARTITIONS)


async def remember(state: MemoryState, customer: CustomerState, name: str = "ana") -> None:
    partition = partition_of(name, PARTITIONS)
    ledger = await state.ledger(partition)
    blob = {name: encode_state(customer)}
    await state.commit([Commit(partition, ledger.next, ledger.next + 1, {}, states=blob, slates={})])


async def reported(deliver: Deliver, push: Push) -> DeliveryStatus:
    states = await deliver._states([push])
    return (await deliver._send(push, states[push.customer])).status


@pytest.mark.parametrize(
    ("granted", "status"), [(True, DeliveryStatus.SENT), (False, DeliveryStatus.WITHHELD)], ids=["agreed", "refused"]
)
async def test_a_push_passes_the_gate_once_more(granted: bool, status: DeliveryStatus) -> None:
    deliver = await delivery({"marketing_push": granted})
    push = push_to()
    assert await reported(deliver, push) is status
    assert await deliver.state.was_posted(partition_of("ana", PARTITIONS), "ana", push.id) is granted


async def test_a_push_that_was_seen_before_a_crash_is_reported_as_sent_though_consent_is_gone() -> None:
    deliver = await delivery({"marketing_push": True})
    push = push_to()
    assert await reported(deliver, push) is DeliveryStatus.SENT
    assert isinstance(deliver.state, MemoryState)
    await remember(deliver.state, CustomerState(version=2, consents={"marketing_push": False}))
    assert await reported(deliver, push) is DeliveryStatus.SENT


def test_a_push_survives_its_topic() -> None:
    push = push_to()
    assert read_push(encode_decision(push)) == push


@pytest.mark.parametrize("raw", [None, b"nonsense", b"\xff", b'{"decision":"\xff"}', b"[" * 100_000])
def test_bytes_that_are_no_decision_stop_nothing(raw: bytes | None) -> None:
    assert read_push(raw) is None
