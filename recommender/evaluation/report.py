"""What an evaluation found, as plain data: figures per model and baseline, how many, how fast."""

import platform

import msgspec
import numpy as np

from recommender.evaluation.metrics import Values, interval

Figures = dict[str, float]
"""Value by metric, such as "recall@10"."""


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds of one `recommend` call, asked singly in one process."""

    calls: int
    p50_ms: float
    p90_ms: float
    p99_ms: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """form: "baskets" or "sessions". n: lists judged. models: figures by name, what is shipped last.

    intervals: 95 % of the last one's figures, by bootstrap over customers or sessions. tuning: what training found.
    trained_on: lines that the models learned from. skipped: why how many cases were not judged. seed: of training.
    known: share of the wanted items that training saw at all, which no list can exceed.
    """

    form: str
    n: int
    trained_on: int
    items: int
    skipped: dict[str, int]
    models: dict[str, Figures]
    intervals: dict[str, tuple[float, float]]
    tuning: dict[str, float]
    known: float
    latency: Latency
    seed: int
    seconds: float
    machine: str = platform.machine()


class CouponReport(msgspec.Struct, frozen=True, kw_only=True):
    """n: pairs of household and campaign judged, of whom the share `redeemed` answered; trained_on: pairs learned from.

    models: figures by name, the learned one last: the mean over the seeds. spread: its least and its most.
    """

    form: str
    n: int
    redeemed: float
    trained_on: int
    redeemed_in_training: float
    features: int
    models: dict[str, Figures]
    spread: dict[str, tuple[float, float]]
    seeds: tuple[int, ...]
    seconds: float
    machine: str = platform.machine()


def latency_of(seconds: list[float]) -> Latency:
    """seconds: of each call."""
    values = np.percentile(np.array(seconds) * 1000, (50, 90, 99)) if seconds else np.zeros(3)
    p50, p90, p99 = (round(float(value), 4) for value in values)
    return Latency(len(seconds), p50, p90, p99)


def means(values: dict[str, Values]) -> Figures:
    return {metric: float(each.mean()) if len(each) else 0.0 for metric, each in values.items()}


def intervals(values: dict[str, Values], groups: list[int], seed: int) -> dict[str, tuple[float, float]]:
    """groups: number of the session or customer of each list."""
    return {metric: interval(each, np.array(groups, np.int64), seed) for metric, each in values.items()}


def to_json(report: msgspec.Struct) -> bytes:
    """report: of any evaluation. One object on one line."""
    return msgspec.json.encode(report)


def coupon_table(report: CouponReport) -> tuple[list[str], list[list[str]]]:
    """Header and rows for whoever prints it; the last row is the range over the seeds."""
    metrics = list(report.spread)
    rows = [[name, *(f"{figures[metric]:.4f}" for metric in metrics)] for name, figures in report.models.items()]
    rows.append(["seeds of the last", *("{:.4f} to {:.4f}".format(*report.spread[metric]) for metric in metrics)])
    return ["model", *metrics], rows


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Header and rows for whoever prints it."""
    metrics = list(next(iter(report.models.values()), {}))
    rows = [[name, *(f"{figures[metric]:.4f}" for metric in metrics)] for name, figures in report.models.items()]
    rows.append(["95 % of the last", *("{:.4f} to {:.4f}".format(*report.intervals[metric]) for metric in metrics)])
    return ["model", *metrics], rows
