"""The status: where every partition stands, and what is wrong, as an operator wants to read it.

Gathered without a part in the consumer group and without writing anything. What a server does not tell is None.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from streams.topics import CUSTOMER_EVENTS

LATE = 10.0
"""Seconds an event may wait before it is called late: a worker that was killed is replaced within ten."""

FULL = 0.9
"""Part of Redis's memory limit from which it is called nearly full: then it refuses writes, and all waits."""

CROWDED = 1000
"""Outbox entries of a partition from which it is called crowded; a worker stops applying at twice 64 of its own."""


@dataclass(frozen=True)
class Row:
    """A partition of `customer-events`. owner: the client of the group that has it, "" for nobody. ledger: the first
    offset not applied. waiting: seconds that the oldest event not applied has been waiting. outbox: entries."""

    partition: int
    owner: str | None
    end: int | None
    committed: int | None
    ledger: int | None
    waiting: float | None
    outbox: int | None
    lag: int | None = field(init=False)
    """Records not applied."""

    def __post_init__(self) -> None:
        known = self.end is not None and self.ledger is not None
        object.__setattr__(self, "lag", max(0, (self.end or 0) - (self.ledger or 0)) if known else None)


@dataclass(frozen=True)
class Source:
    """What lies in a channel topic and is not identified yet. count: records. waiting: seconds that the oldest has been
    there, None where nobody told."""

    topic: str
    count: int
    waiting: float | None = None


@dataclass(frozen=True)
class Broker:
    """By partition of `customer-events`: owners, ends, committed. group: its state in Kafka's words. undone: of the
    topics that come before it, by topic and partition, the first offset that is not committed and where the log ends;
    only where there is something between the two."""

    owners: Mapping[int, str] | None = None
    ends: Mapping[int, int] | None = None
    committed: Mapping[int, int] | None = None
    group: str | None = None
    members: int | None = None
    undone: Mapping[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Store:
    """Redis. used, limit: bytes; limit 0 for none. ledgers, outboxes: by partition of `customer-events`.
    overdue: customers with a timer that should have gone off a minute ago."""

    version: str
    role: str
    policy: str
    used: int
    limit: int
    ledgers: Mapping[int, int]
    outboxes: Mapping[int, int]
    overdue: int = 0
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """kafka, redis: "ok", or why it cannot be asked. model: the version that serves, "" for none. trial: the
    version that is tried beside it and how, "" for none. troubles: what is wrong, as sentences; none in a system that
    is well."""

    kafka: str
    redis: str
    group: str | None
    members: int | None
    model: str
    trial: str
    store: Store | None
    rows: tuple[Row, ...]
    sources: tuple[Source, ...]
    troubles: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not self.troubles


def sources_of(broker: Broker | None, since: Mapping[tuple[str, int], float]) -> tuple[Source, ...]:
    """By topic, only those with something. since: by topic and partition, how many seconds its oldest record waits."""
    counts: dict[str, int] = {}
    for (topic, _), (done, end) in (broker.undone if broker else {}).items():
        counts[topic] = counts.get(topic, 0) + end - done
    oldest = {topic: [age for (name, _), age in since.items() if name == topic] for topic in counts}
    return tuple(Source(topic, count, max(oldest[topic], default=None)) for topic, count in sorted(counts.items()))


def late_sources(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        if source.waiting is not None and source.waiting > LATE:
            yield (
                f"{source.topic}: the oldest event not identified has been waiting for {source.waiting:.0f} s, "
                f"{source.count:,} are behind"
            )


def rows_of(partitions: int, broker: Broker | None, store: Store | None, since: Mapping[int, float]) -> tuple[Row, ...]:
    """since: by partition, how many seconds its oldest event not applied has been waiting."""
    return tuple(_row(number, broker, store, since) for number in range(partitions))


def _row(number: int, broker: Broker | None, store: Store | None, since: Mapping[int, float]) -> Row:
    ledger = store.ledgers.get(number, 0) if store else None
    committed = broker.committed.get(number, 0) if broker and broker.committed is not None else None
    end = _end(number, broker, max(ledger or 0, committed or 0))
    waiting = None
    if end is not None and ledger is not None:
        waiting = since.get(number) if end > ledger else 0.0
    owner = broker.owners.get(number, "") if broker and broker.owners is not None else None
    outbox = store.outboxes.get(number, 0) if store else None
    return Row(number, owner, end, committed, ledger, waiting, outbox)


def _end(number: int, broker: Broker | None, at_least: int) -> int | None:
    """None where it is not believed: the embedded broker names an end that lies before what was read of it."""
    end = broker.ends.get(number) if broker and broker.ends is not None else None
    return None if end is None or end < at_least else end


def troubles_of(rows: tuple[Row, ...], broker: Broker | None, store: Store | None, group: str) -> Iterator[str]:
    """group: its name."""
    if store is not None:
        yield from store.troubles
        yield from _of_store(store)
    if broker is not None:
        yield from broker.troubles
        yield from _of_group(broker, group)
    for row in rows:
        yield from _of_row(row, bool(broker and broker.members))


def _of_store(store: Store) -> Iterator[str]:
    if store.role not in ("master", ""):
        yield f"Redis is a {store.role}, which takes no writes: point CAUDAL_REDIS_URL at the primary"
    if store.limit and store.used > FULL * store.limit:
        yield f"Redis uses {store.used / store.limit:.0%} of its memory limit: raise maxmemory before it refuses writes"
    if store.overdue:
        yield (
            f"timers of {store.overdue:,} customers are overdue by a minute or more: they wait while partitions lag, "
            "or while no worker runs"
        )


def _of_group(broker: Broker, group: str) -> Iterator[str]:
    if broker.members == 0:
        yield f"no worker is running: group {group} has no members, events wait in Kafka. Start `caudal worker`"
    elif broker.group not in (None, "", "Stable"):
        yield f"group {group} is in state {broker.group}: partitions are moving; this takes some seconds"


def _of_row(row: Row, manned: bool) -> Iterator[str]:
    name = f"{CUSTOMER_EVENTS.name}[{row.partition}]"
    if manned and row.owner == "":
        yield f"{name} has no owner although workers are running"
    if row.ledger is not None and row.committed is not None and row.ledger < row.committed:
        yield (
            f"{name}: the ledger stands at {row.ledger}, but {row.committed} was committed: Redis forgot some. "
            "A worker reads them again by itself"
        )
    if row.waiting is not None and row.waiting > LATE:
        yield f"{name}: the oldest event not applied has been waiting for {row.waiting:.0f} s, {row.lag:,} are behind"
    if row.outbox is not None and row.outbox > CROWDED:
        yield f"{name}: {row.outbox:,} commits wait to be sent on to Kafka"
