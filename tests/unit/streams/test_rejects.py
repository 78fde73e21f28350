"""Rejects: which are open, what each becomes when it is put back, and that two replays are one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as some

from retail.events import ProductViewed, decode_event, encode_event
from retail.rejects import Rejected, decode_rejected, encode_rejected
from streams.identify import Identify
from streams.meters import Meters
from streams.microbatch import World, fold, read_batch
from streams.origin import read_origin, read_replay, replay_header
from streams.received import Records
from streams.records import Progress
from streams.rejects import Filed, Filter, Open, Position, topic_of
from streams.replay import NotReplayable, note_of, record_of
from streams.settings import Settings
from streams.state import Ledger
from streams.topics import CUSTOMER_EVENTS, WEB
from streams.topics.partitions import partition_of
from streams.topics.publisher import Publisher, Record
from tests.shop import NOON, shop, viewed
from tests.unit.streams.exposition import samples

SETTINGS = Settings(channel_partitions=4, customer_partitions=8)
TRACK = {"type": "track", "event": "Product Viewed", "userId": "ana", "properties": {"product_id": "mug"}}


@dataclass
class Arrived:
    """A Kafka record, as far as anybody here looks at it."""

    offset: int
    value: bytes | None
    key: bytes | None = b"ana"
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = NOON
    partition: int = 0
    topic: str = field(default=WEB.name)


def identify(meters: Meters | None = None) -> Identify:
    return Identify(Publisher("127.0.0.1:1"), Progress(), meters or Meters(), SETTINGS.customer_partitions)


def filed(
    source: str, raw: bytes = b"{}", *, reason: str = "malformed_json", key: bytes = b"", at: int = NOON
) -> Filed:
    return Filed(Position(1, 7), at, Rejected.of(raw, source=source, reason=reason, key=key))


def arrived(record: Record, offset: int) -> Arrived:
    return Arrived(offset, record.value, record.key, tuple(record.headers), NOON + 60_000)


def refused(value: bytes, key: bytes = b"some key") -> Filed:
    """What identify files of a record at events.web/2/41."""
    out = identify().outgoing(TP(WEB.name, 2), Arrived(41, value, key))
    return Filed(Position(0, 0), NOON, decode_rejected(out.value or b""))


def test_what_a_channel_refused_goes_back_byte_for_byte_under_its_key() -> None:
    reject = refused(b'{"type":', b"some key")
    record = record_of(reject, SETTINGS)
    assert (record.topic, record.partition, record.key, record.value) == (WEB.name, 2, b"some key", b'{"type":')
    assert read_replay(record.headers) == (f"{WEB.name}/2/41", NOON)


def test_an_event_without_an_id_gets_one_from_its_first_place_so_that_two_replays_are_one() -> None:
    reject = refused(json.dumps(TRACK).encode())
    assert reject.rejected.reason == "missing_message_id"
    record = record_of(reject, SETTINGS)
    events = [
        decode_event(identify().outgoing(TP(WEB.name, 2), arrived(record, offset)).value or b"") for offset in (90, 91)
    ]
    assert isinstance(events[0], ProductViewed)
    assert events[0] == events[1]
    assert (events[0].id, events[0].at) == ("replay:events.web/2/41", NOON)


def test_an_id_that_was_sent_is_kept_and_the_event_happened_when_it_did() -> None:
    record = record_of(filed("events.web/2/41", json.dumps({**TRACK, "messageId": "m-1"}).encode()), SETTINGS)
    event = decode_event(identify().outgoing(TP(WEB.name, 2), arrived(record, 90)).value or b"")
    assert (event.id, event.at, event.received) == ("m-1", NOON, NOON)


def test_what_is_refused_again_is_the_same_reject_still() -> None:
    reject = refused(b"{")
    again = identify().outgoing(TP(WEB.name, 2), arrived(record_of(reject, SETTINGS), 90))
    assert decode_rejected(again.value or b"") == reject.rejected


def test_what_the_journey_refused_goes_to_its_customers_partition_without_a_mark() -> None:
    event = viewed("lamp")
    record = record_of(filed("customer-events/5/99", encode_event(event)), SETTINGS)
    assert record.partition == partition_of("ana", 8)
    origin = read_origin(record.headers)
    assert origin is not None
    assert origin.source is None
    batch = read_batch(3, Ledger(), [arrived(record, 0), arrived(record, 1)])
    fold(batch, World(shop()))
    assert (batch.counts["applied"], batch.counts["duplicate"]) == (1, 1)


def test_what_the_journey_refuses_again_keeps_its_source() -> None:
    record = record_of(filed("customer-events/5/99", encode_event(viewed("nonesuch"))), SETTINGS)
    batch = read_batch(3, Ledger(), [arrived(record, 12)])
    fold(batch, World(shop()))
    (again,) = batch.outgoing
    assert decode_rejected(again.value or b"").source == "customer-events/5/99"
    assert again.key == b"customer-events/5/99"
    assert batch.counts["rejected_unknown_item"] == 1


@pytest.mark.parametrize(
    ("source", "raw"),
    [
        ("http POST /v1/batch", b"{}"),
        ("http/v1/batch", b"{}"),
        ("customer-events/1/2", b"{"),
        ("customer-events/1/2", b""),
        ("events.web/4/1", b"{}"),
        ("recommendations/0/1", b"{}"),
        ("events.web/0/1", b"x" * 1_000_000),
    ],
    ids=["gateway", "a route", "no event", "gone", "no such partition", "not ours to write", "too large"],
)
def test_what_cannot_be_put_back_says_why(source: str, raw: bytes) -> None:
    with pytest.raises(NotReplayable) as told:
        record_of(filed(source, raw), SETTINGS)
    assert str(told.value)


@pytest.mark.parametrize(
    "value", [b"", b"@", b"events.web/0/1", b"events.web/0/1@x", b"events.web/0/1@-5", b"/@1", b"none@1", b"\xff/1/1@1"]
)
def test_a_foreign_header_that_is_nonsense_makes_no_replay(value: bytes) -> None:
    assert read_replay([("replay-of", value)]) is None


@given(
    some.sampled_from(["events.web", "deliveries", "customer-events"]), some.integers(0, 99), some.integers(0, 10**15)
)
def test_a_replay_header_is_read_as_it_was_written(topic: str, partition: int, at: int) -> None:
    source = f"{topic}/{partition}/{at}"
    assert read_replay([("x", b""), replay_header(source, at)]) == (source, at)


SOURCES = some.sampled_from(["events.web/0/1", "events.web/0/2", "customer-events/3/4"])


@given(some.lists(some.tuples(SOURCES, some.booleans()), max_size=30))
def test_a_reject_is_open_from_when_it_was_filed_until_it_was_put_back(steps: list[tuple[str, bool]]) -> None:
    records = [log_record(offset, source, filing) for offset, (source, filing) in enumerate(steps)]
    found = Open()
    found.read(log(records), Filter())
    last = {source: (offset, filing) for offset, (source, filing) in enumerate(steps)}
    assert found.positions() == {Position(0, offset) for offset, filing in last.values() if filing}
    assert sum(heap.count for heap in found.heaps()) == len(found.positions())


def test_what_is_refused_again_before_the_note_of_its_replay_is_written_stays_open() -> None:
    source = "events.web/0/1"
    steps = [log_record(4, source, True), log_record(5, source, True), log_record(6, source, False, put_back=4)]
    found = Open()
    found.read(log(steps), Filter())
    assert (found.positions(), found.put_back) == ({Position(0, 5)}, 0)
    found.read(log([log_record(7, source, False, put_back=5)]), Filter())
    assert (found.positions(), found.put_back) == (set(), 1)


@pytest.mark.parametrize("header", [(), (("put-back-offset", b"x"),), (("put-back-offset", b"9" * 20),)])
def test_a_note_that_names_no_reject_is_about_all_before_it(header: tuple[tuple[str, bytes], ...]) -> None:
    note = SimpleNamespace(partition=0, offset=5, key=b"events.web/0/1", value=None, headers=header)
    found = Open()
    found.read(log([log_record(4, "events.web/0/1", True), note]), Filter())
    assert found.positions() == set()


def log(records: Sequence[object]) -> Records:
    return cast(Records, records)


def log_record(offset: int, source: str, filing: bool, put_back: int | None = None) -> object:
    """A reject of that source, or the note that the one at `put_back` (the newest) was put back."""
    reject = filed(source)._replace(position=Position(0, offset - 1 if put_back is None else put_back))
    note = note_of(reject)
    value = encode_rejected(reject.rejected) if filing else note.value
    headers = () if filing else note.headers
    return SimpleNamespace(
        partition=0, offset=offset, key=note.key, value=value, headers=headers, timestamp=NOON + offset
    )


def test_rejects_are_counted_by_reason_and_place_with_the_newest() -> None:
    records = [log_record(offset, f"events.web/0/{offset}", True) for offset in range(3)]
    records.append(SimpleNamespace(partition=0, offset=3, key=b"x", value=b"nonsense", timestamp=NOON))
    found = Open()
    found.read(log(records), Filter(topic=WEB.name, since=NOON + 1))
    (heap,) = found.heaps()
    assert (heap.reason, heap.topic, heap.count, heap.newest) == ("malformed_json", WEB.name, 2, NOON + 2)
    assert (heap.last, found.unreadable) == (Position(0, 2), 1)


@pytest.mark.parametrize(("source", "topic"), [
    ("events.web/0/1", WEB.name), ("customer-events/7/1", CUSTOMER_EVENTS.name), ("http /v1/track", "http"),
    ("events.web/0/1 http", "http"), ("", "http"), ("/", "http"), ("events.web/²/1", "http"),
])  # fmt: skip
def test_a_source_tells_where_the_event_was(source: str, topic: str) -> None:
    assert topic_of(source) == topic


def test_what_identify_refuses_is_counted_where_it_was() -> None:
    meters = Meters()
    identify(meters).outgoing(TP(WEB.name, 2), Arrived(1, b"{"))
    assert samples(meters.registry, "caudal_rejected_events_total") == {("2", "malformed_json", WEB.name): 1.0}
