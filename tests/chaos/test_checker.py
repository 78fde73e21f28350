"""The checker is checked: whatever is falsified behind the system's back is found, by its name."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from kafka import KafkaProducer
from redis import Redis

from retail.customers import decode_state, encode_state
from streams.state import keys
from streams.topics import IDENTITIES, JOURNEYS, PROMOTIONS, REJECTED, WEB
from tests.chaos.checker import Entry, compare, judge
from tests.chaos.driver import drive
from tests.chaos.journal import ACKED, Journal
from tests.chaos.quiet import standing_of
from tests.chaos.system import System, started
from tests.chaos.traffic import Kind, Sent, Traffic

pytestmark = pytest.mark.live


def some_state(redis: Redis) -> bytes:
    return cast(bytes, min(redis.scan_iter(match=b"*:customer:c1-*")))


def forget_a_customer(system: System, _: Journal) -> None:
    with system.redis() as redis:
        redis.delete(some_state(redis))


def count_an_event_twice(system: System, _: Journal) -> None:
    with system.redis() as redis:
        place = some_state(redis)
        state = decode_state(cast(bytes, redis.get(place)))
        fields = {name: getattr(state, name) for name in state.__struct_fields__}
        redis.set(place, encode_state(type(state)(**{**fields, "version": state.version + 1})))


def take_a_ledger_back(system: System, _: Journal) -> None:
    with system.redis() as redis:
        redis.hincrby(keys.ledger(0), "next", -1)


def forget_what_is_due(system: System, _: Journal) -> None:
    with system.redis() as redis:
        redis.delete(*(keys.due(number) for number in range(system.settings.customer_partitions)))


def post_a_message_again(system: System, _journal: Journal) -> None:
    with system.redis() as redis:
        for inbox in redis.scan_iter(match=b"*:inbox:*"):
            [(_, fields), *_rest] = cast(list[Entry], redis.xrange(inbox))
            redis.xadd(inbox, fields)


def produce(topic: str, *values: bytes) -> Callable[[System, Journal], None]:
    def tamper(system: System, _: Journal) -> None:
        idempotent = system.settings.idempotent_producer
        producer = KafkaProducer(bootstrap_servers=system.settings.broker, enable_idempotence=idempotent)
        for value in values:
            producer.send(topic, value, partition=0)
        producer.flush(30)
        producer.close()

    return tamper


def claim_to_have_sent(_: System, journal: Journal) -> None:
    journal.sent.append(Sent(10**6, "c1-0", WEB.name, Kind.VIEW, "item-1", 1, 0, 0, outcome=ACKED))


def forget_to_have_sent(_: System, journal: Journal) -> None:
    journal.sent.pop(len(journal) // 2)


def send_in_another_order(system: System, journal: Journal) -> None:
    at = journal.sent[0].at
    events = (Sent(n, "c1-0", WEB.name, Kind.VIEW, "item-1", 1, at, at, outcome=ACKED) for n in (10**7, 10**7 + 1))
    first, second = events
    journal.sent += [first, second]
    produce(WEB.name, second.raw(), first.raw())(system, journal)


DECISION = b'{"decision":"withheld","id":"x","customer":"c","occasion":"o","at":1,"reason":"capped"}'
REJECT = b'{"raw":"","source":"events.web/0/999999","reason":"malformed_json"}'

TAMPERINGS = (
    (forget_a_customer, "states_differ"),
    (count_an_event_twice, "doubled"),
    (take_a_ledger_back, "ledgers_differ"),
    (forget_what_is_due, "timers_late"),
    (post_a_message_again, "inbox_doubled"),
    (produce(PROMOTIONS.name, DECISION), "extra_decisions"),
    (produce(JOURNEYS.name, b'{"id":"x"}'), "extra_changes"),
    (produce(IDENTITIES.name, b'{"id":"x"}'), "extra_notes"),
    (produce(REJECTED.name, REJECT), "rejects_invented"),
    (claim_to_have_sent, "lost"),
    (forget_to_have_sent, "invented"),
    (send_in_another_order, "out_of_order"),
)


def test_whatever_is_falsified_is_found(tmp_path: Path) -> None:
    """Each falsification adds its trouble to those before it."""
    journal = Journal()
    with started(tmp_path, workers=1) as system:
        drive(system, journal, Traffic(events=2_000, customers=20))
        assert judge(system, journal).clean
        before: dict[str, int] = {}
        for tamper, trouble in TAMPERINGS:
            tamper(system, journal)
            verdict = compare(system, journal, standing_of(system))
            assert verdict.troubles.get(trouble, 0) > before.get(trouble, 0), f"{tamper}: {verdict.text()}"
            before = verdict.troubles
