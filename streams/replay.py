"""Putting rejects back where they were refused, once their cause is mended: each is applied once, however often.

What is put back carries its first place in a header, and a note in `events.rejected` says that it was. The note comes
after the event is in Kafka: who is interrupted in between puts the event back again, and the journey knows its id.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from retail.events import decode_event
from streams.origin import replay_header, unmarked_header
from streams.patience import PRODUCE_TIMEOUT
from streams.rejects import PUT_BACK_OFFSET, Filed, Filter, RejectsLog
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS, REJECTED, SOURCES
from streams.topics.partitions import partition_of
from streams.topics.provision import partitions_of
from streams.topics.publisher import Publisher
from streams.topics.records import Record, RecordTooLarge, size_of

HTTP = "refused by the gateway, which told the sender: no topic to put it back into"
NO_EVENT = "its bytes are no event of this version"
TOO_LARGE = "it is larger than its topic takes"
NOTHING = "nothing is left of it"
NO_PLACE = "its topic has no such partition"

_TOPICS = {topic.name: topic for topic in SOURCES}


class NotReplayable(Exception):
    """This reject cannot be put back; the message says why."""


@dataclass(frozen=True)
class Replayed:
    """put_back: by reason. left: by why they cannot be put back."""

    put_back: Counter[str]
    left: Counter[str]


async def replay(settings: Settings, filter_: Filter, *, dry_run: bool) -> Replayed:
    """Puts back every open reject that the filter admits. Raises PublishFailed; then it may simply be done again."""
    log = RejectsLog(settings)
    publisher = Publisher(settings.broker, idempotent=settings.idempotent_producer)
    result = Replayed(Counter(), Counter())
    try:
        async for page in log.pages((await log.open(filter_)).positions()):
            ready = _sort(page, settings, result)
            if not dry_run:
                await _put_back(publisher, ready)
    finally:
        await publisher.stop()
    return result


def _sort(page: Sequence[Filed], settings: Settings, result: Replayed) -> list[tuple[Record, Record]]:
    """Each with the note that says so."""
    ready: list[tuple[Record, Record]] = []
    for filed in page:
        try:
            ready.append((record_of(filed, settings), note_of(filed)))
        except NotReplayable as why:
            result.left[str(why)] += 1
        else:
            result.put_back[filed.rejected.reason] += 1
    return ready


async def _put_back(publisher: Publisher, ready: Sequence[tuple[Record, Record]]) -> None:
    await publisher.publish([record for record, _ in ready], PRODUCE_TIMEOUT)
    await publisher.publish([note for _, note in ready], PRODUCE_TIMEOUT)


def record_of(filed: Filed, settings: Settings) -> Record:
    """What is written to put it back. Raises NotReplayable."""
    if filed.topic == "http":
        raise NotReplayable(HTTP)
    rejected = filed.rejected
    raw = rejected.raw_bytes()
    if not raw:
        raise NotReplayable(NOTHING)
    header = replay_header(rejected.source, filed.at)
    if filed.topic == CUSTOMER_EVENTS.name:
        return _customer_event(raw, header, settings.customer_partitions)
    topic, partition, _ = rejected.source.rsplit("/", 2)
    if int(partition) >= partitions_of(_TOPICS[topic], settings):
        raise NotReplayable(NO_PLACE)
    return _checked(Record(topic, rejected.key, raw, (header,), int(partition)))


def _customer_event(raw: bytes, header: tuple[str, bytes], partitions: int) -> Record:
    """By its customer, not by where it was: a foreign producer may have chosen the wrong partition."""
    try:
        customer = decode_event(raw).customer
    except msgspec.DecodeError:
        raise NotReplayable(NO_EVENT) from None
    place = partition_of(customer, partitions)
    return _checked(Record(CUSTOMER_EVENTS.name, customer.encode(), raw, (unmarked_header(), header), place))


def _checked(record: Record) -> Record:
    try:
        size_of(record)
    except RecordTooLarge:
        raise NotReplayable(TOO_LARGE) from None
    return record


def note_of(filed: Filed) -> Record:
    """In the reject's own partition, so that it comes after it."""
    partition, offset = filed.position
    names_it = (PUT_BACK_OFFSET, b"%d" % offset)
    return Record(REJECTED.name, filed.rejected.source.encode(), None, (names_it,), partition)
