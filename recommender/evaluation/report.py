"""What an evaluation found, as plain data: figures per model and baseline, how many, how fast."""

import platform

import msgspec
import numpy as np

Figures = dict[str, float]
"""Value by metric, such as "recall@10"."""


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds of one `recommend` call, asked singly in one process."""

    calls: int
    p50_ms: float
    p90_ms: float
    p99_ms: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """form: "baskets" or "sessions". n: lists judged. models: figures by name, the shipped blend last.

    trained_on: lines that the models learned from. skipped: why how many cases were not judged. seed: of training.
    """

    form: str
    n: int
    trained_on: int
    items: int
    skipped: dict[str, int]
    models: dict[str, Figures]
    latency: Latency
    seed: int
    seconds: float
    machine: str = platform.machine()


def latency_of(seconds: list[float]) -> Latency:
    """seconds: of each call."""
    values = np.percentile(np.array(seconds) * 1000, (50, 90, 99)) if seconds else np.zeros(3)
    p50, p90, p99 = (round(float(value), 4) for value in values)
    return Latency(len(seconds), p50, p90, p99)


def to_json(report: Report) -> bytes:
    """One object on one line."""
    return msgspec.json.encode(report)


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Header and rows for whoever prints it."""
    metrics = list(next(iter(report.models.values()), {}))
    rows = [[name, *(f"{figures[metric]:.4f}" for metric in metrics)] for name, figures in report.models.items()]
    return ["model", *metrics], rows
