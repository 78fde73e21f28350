"""What is counted of a model in shadow, by its version: how far it differs, how long it takes, how often it fails."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.meters import LATENCIES

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class ShadowMeters:
    """One per gateway, in its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "caudal_shadow_answers",
            "What became of answers to compare with a model in shadow",
            ["version", "outcome"],
            registry=registry,
        )
        self._overlap = Histogram(
            "caudal_shadow_overlap",
            "Share of the first ten items that a model in shadow shows too",
            ["version"],
            buckets=SHARES,
            registry=registry,
        )
        self._seconds = Histogram(
            "caudal_shadow_seconds",
            "Time of a slate, of the model in shadow and of the one that serves, on the same question",
            ["version", "by"],
            buckets=LATENCIES,
            registry=registry,
        )

    def skipped(self, version: str) -> None:
        self._answers.labels(version, "skipped").inc()

    def failed(self, version: str) -> None:
        self._answers.labels(version, "failed").inc()

    def compared(self, version: str, overlap: float, serving: float, shadow: float) -> None:
        """overlap: 0 to 1. serving, shadow: seconds."""
        self._answers.labels(version, "compared").inc()
        self._overlap.labels(version).observe(overlap)
        self._seconds.labels(version, "serving").observe(serving)
        self._seconds.labels(version, "shadow").observe(shadow)
