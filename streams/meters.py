"""What the worker counts: Prometheus metrics, with partitions and stable codes as labels, never an id or a text.

What can be looked up at any moment is not kept here: `streams.standing` finds it out when it is asked.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REJECTED = "rejected_"
"""How the outcomes of the journey begin that are rejects; what follows is the reason."""

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""A commit takes one millisecond, one of 4000 records fifty; `redis_timeout` is 5 s."""

RECORDS = (1, 10, 50, 100, 250, 500, 1000, 2000, 4000, 8000, 16000)
"""`fetch_records` is 8000."""


class Meters:
    """One registry per worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._identified = self._counter("identified_events", "Source records turned into customer events or rejects")
        self._rejects = self._counter(
            "rejected_events", "Events that could not be applied", "topic", "partition", "reason"
        )
        self._outcomes = self._counter(
            "journey_outcomes", "What became of customer events and occasions", "partition", "outcome"
        )
        self._deliveries = self._counter("deliveries", "What became of decided pushes", "status", "reason")
        self._slates = self._counter("slates", "Warm slates made or shed", "outcome")
        self._holes = self._counter("holes", "Times that a ledger was behind what came", "partition")
        self._repairs = self._counter("repairs", "Records read again to fill a hole, or gone", "partition", "outcome")
        self._rebalances = self._counter("rebalances", "Times that partitions were assigned to this worker")
        self._batch = self._histogram("batch_seconds", "Time of one fetch through the journey", SECONDS)
        self._commit = self._histogram("commit_seconds", "Round trip of one commit to Redis", SECONDS)
        self._fetch = self._histogram("fetch_records", "Records that one fetch brought to the journey", RECORDS)
        self._owned = Gauge("caudal_owned_partitions", "Partitions of customer-events owned", registry=self.registry)
        self._snapshots = self._counter("snapshot_states", "States written to customer-snapshots")
        self._snapshot_at = Gauge(
            "caudal_snapshot_timestamp_seconds",
            "When a partition's snapshot was complete",
            ["partition"],
            registry=self.registry,
        )
        self._snapshotted: set[int] = set()
        for outcome in ("made", "shed", "failed"):
            # A counter that begins at 1 has not increased, as Prometheus sees it.
            self._slates.labels(outcome)

    def _counter(self, name: str, job: str, *labels: str) -> Counter:
        return Counter(f"caudal_{name}", job, labels, registry=self.registry)

    def _histogram(self, name: str, job: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"caudal_{name}", job, buckets=buckets, registry=self.registry)

    def assigned(self, partitions: Iterable[int]) -> None:
        """Partitions of `customer-events`, all that this worker owns now; a counter of each begins at 0."""
        partitions = list(partitions)
        self._rebalances.inc()
        self._owned.set(len(partitions))
        for partition in partitions:
            self._holes.labels(partition)
        for lost in self._snapshotted.difference(partitions):
            self._snapshot_at.remove(lost)
        self._snapshotted.intersection_update(partitions)

    def identified(self, records: int) -> None:
        self._identified.inc(records)

    def rejected(self, topic: str, partition: int, reason: str) -> None:
        """reason: a stable code."""
        self._rejects.labels(topic, partition, reason).inc()

    def journeyed(self, topic: str, partition: int, counts: Mapping[str, int]) -> None:
        for outcome, count in counts.items():
            if outcome.startswith(REJECTED):
                self._rejects.labels(topic, partition, outcome.removeprefix(REJECTED)).inc(count)
            else:
                self._outcomes.labels(partition, outcome).inc(count)

    def delivered(self, status: str, reason: str) -> None:
        self._deliveries.labels(status, reason).inc()

    def slated(self, outcome: str, count: int) -> None:
        self._slates.labels(outcome).inc(count)

    def hole(self, partition: int) -> None:
        self._holes.labels(partition).inc()

    def repaired(self, partition: int, outcome: str, count: int) -> None:
        self._repairs.labels(partition, outcome).inc(count)

    def fetched(self, records: int) -> None:
        self._fetch.observe(records)

    def snapshot(self, partition: int, customers: int) -> None:
        """A round of snapshots is complete."""
        self._snapshots.inc(customers)
        self._snapshotted.add(partition)
        self._snapshot_at.labels(partition).set_to_current_time()

    def batch_took(self, seconds: float) -> None:
        self._batch.observe(seconds)

    def commit_took(self, seconds: float) -> None:
        self._commit.observe(seconds)
