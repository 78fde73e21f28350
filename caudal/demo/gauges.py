"""The worker's own figures, read from its metrics while the demo runs: for the display, never for the recount."""

from collections import Counter
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

WITHHELD = "withheld_"
"""Prefix of the outcomes that are reasons."""


@dataclass(frozen=True)
class Gauges:
    """lag: seconds that the partition furthest behind is behind. applied: also what was applied although the answer of
    Redis was lost, which the worker, asking again, can only count as delivered twice."""

    applied: int = 0
    slates: int = 0
    shed: int = 0
    pushes: int = 0
    lag: float = 0.0
    withheld: dict[str, int] = field(default_factory=dict)


def read_gauges(exposition: str) -> Gauges:
    """exposition: the text of the metrics endpoint; "" gives zeros."""
    samples = [sample for family in text_string_to_metric_families(exposition) for sample in family.samples]
    outcomes: Counter[str] = Counter()
    slates: Counter[str] = Counter()
    lags = [sample.value for sample in samples if sample.name == "caudal_lag_seconds"]
    for sample in samples:
        if sample.name == "caudal_journey_outcomes_total":
            outcomes[sample.labels["outcome"]] += int(sample.value)
        elif sample.name == "caudal_slates_total":
            slates[sample.labels["outcome"]] += int(sample.value)
    withheld = {name.removeprefix(WITHHELD): n for name, n in outcomes.items() if name.startswith(WITHHELD)}
    return Gauges(
        applied=outcomes["applied"] + outcomes["redelivered"],
        slates=slates["made"],
        shed=slates["shed"],
        pushes=outcomes["push"],
        lag=max(lags, default=0.0),
        withheld=withheld,
    )
