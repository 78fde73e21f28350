"""What the worker counts and shows: Prometheus metrics, without ids in any label."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Meters:
    """One registry per worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._identified = self._counter("identified_events", "Source records turned into customer events or rejects")
        self._rejects = self._counter("rejected_events", "Events that could not be applied", "reason")
        self._outcomes = self._counter("journey_outcomes", "What became of customer events and occasions", "outcome")
        self._deliveries = self._counter("deliveries", "What became of decided pushes", "status", "reason")
        self._slates = self._counter("slates", "Warm slates made or shed", "outcome")
        self._repairs = self._counter("repairs", "Records re-read because the ledger had a hole", "outcome")
        self._batch = Histogram("caudal_batch_seconds", "Time of one fetch through the journey", registry=self.registry)
        self._lag = Gauge(
            "caudal_lag_seconds", "Age of the newest applied event", ["partition"], registry=self.registry
        )
        self._ledger = Gauge("caudal_ledger_next", "Next offset to apply", ["partition"], registry=self.registry)

    def _counter(self, name: str, job: str, *labels: str) -> Counter:
        return Counter(f"caudal_{name}", job, labels, registry=self.registry)

    def identified(self, records: int) -> None:
        self._identified.inc(records)

    def rejected(self, reason: str) -> None:
        self._rejects.labels(reason).inc()

    def journeyed(self, counts: Mapping[str, int]) -> None:
        for outcome, count in counts.items():
            self._outcomes.labels(outcome).inc(count)

    def delivered(self, status: str, reason: str) -> None:
        self._deliveries.labels(status, reason).inc()

    def slated(self, outcome: str, count: int) -> None:
        self._slates.labels(outcome).inc(count)

    def repaired(self, outcome: str, count: int) -> None:
        self._repairs.labels(outcome).inc(count)

    def stands(self, partition: int, ledger: int, lag: float) -> None:
        """lag: seconds between the newest applied record's time and now."""
        self._ledger.labels(partition).set(ledger)
        self._lag.labels(partition).set(lag)

    def batch_took(self, seconds: float) -> None:
        self._batch.observe(seconds)
