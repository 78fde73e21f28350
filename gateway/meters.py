"""What the gateway counts and shows: Prometheus metrics, without ids in any label."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from streams.topics.endless import FAILURES

LATENCIES = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0)
"""Seconds; the bars for reading (1 and 5 ms) and for accepting (3 s) are among them."""


class Meters:
    """One registry per gateway."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_Jobs())
        self._requests = Counter(
            "caudal_http_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "caudal_http_seconds", "Time to answer", ["route"], buckets=LATENCIES, registry=self.registry
        )
        self._accepted = Counter(
            "caudal_accepted_events", "Events acknowledged by Kafka", ["channel"], registry=self.registry
        )
        self._rejected = Counter("caudal_rejected_events", "Events refused", ["reason"], registry=self.registry)
        self._fallbacks = Counter(
            "caudal_fallbacks", "Recommendations that were not personal", ["reason"], registry=self.registry
        )
        self._starved = Counter(
            "caudal_starved_slates",
            "Slates with fewer items than asked for since merchandising rules exclude some",
            ["placement"],
            registry=self.registry,
        )
        self._streams = Gauge("caudal_inbox_streams", "Open inbox streams", registry=self.registry)
        self._of_route: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._pending = Gauge("caudal_pending_bytes", "Bytes of requests in flight", registry=self.registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        found = self._of_route.get((route, status))
        if found is None:
            found = self._of_route[route, status] = (self._requests.labels(route, status), self._seconds.labels(route))
        requests, times = found
        requests.inc()
        times.observe(seconds)

    def accepted(self, channel: str, events: int) -> None:
        if events:
            self._accepted.labels(channel).inc(events)

    def rejected(self, reason: str) -> None:
        self._rejected.labels(reason).inc()

    def fell_back(self, reason: str) -> None:
        self._fallbacks.labels(reason).inc()

    def starved(self, placement: str) -> None:
        self._starved.labels(placement).inc()

    def streams(self, change: int) -> None:
        self._streams.inc(change)

    def exposition(self, pending: int) -> bytes:
        """The Prometheus text. pending: bytes in flight now."""
        self._pending.set(pending)
        return generate_latest(self.registry)


class _Jobs(Collector):
    """What goes on in the background counts its failures by itself."""

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "caudal_job_failures", "Times that a background job failed and began again: must be 0", labels=["job"]
        )
        for job, count in list(FAILURES.items()):
            family.add_metric([job], count)
        yield family
