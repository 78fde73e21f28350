"""What a run of the mix is told as: lines for a terminal, JSON, or a page for benchmarks/results."""

import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median

from tests.chaos.mix import Outcome, Struck

GOOD = (
    "lost",
    "doubled",
    "out_of_order",
    "invented",
    "states_differ",
    "carts_differ",
    "orders_differ",
    "missing_decisions",
    "extra_decisions",
    "missing_changes",
    "extra_changes",
    "missing_notes",
    "extra_notes",
    "rejects_missing",
    "rejects_invented",
    "inbox_doubled",
    "timers_late",
    "stale_slates",
    "committed_ahead",
    "ledgers_differ",
    "left_to_do",
)
"""Told also where they are 0."""


def as_json(outcome: Outcome) -> dict[str, object]:
    return {**asdict(outcome), "verdict": outcome.verdict.json(), "machine": machine()}


def page(outcome: Outcome) -> str:
    """Markdown."""
    plan, verdict = outcome.plan, outcome.verdict
    troubles = dict.fromkeys(GOOD, 0) | verdict.troubles
    facts = [
        ("machine", machine()),
        ("servers", outcome.versions),
        ("when", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("plan", f"{plan.events} events, {plan.rate:.0f}/s, seed {plan.seed}, {plan.workers} workers at first"),
        ("faults", f"{len(outcome.struck)}, each {plan.every:.0f} s after the one before it was over"),
        ("traffic", f"{outcome.took:.0f} s until every event was acknowledged"),
        (
            "load of the machine",
            f"{', '.join(f'{one:.1f}' for one in outcome.load)} over 1, 5, 15 minutes, of all it did",
        ),
        ("workers that ended unasked", ", ".join(f"status {s}: {n}" for s, n in outcome.restarts.items()) or "none"),
    ]
    counts = [(name, getattr(verdict, name)) for name in COUNTS]
    counts += [(f"told again on {topic}", number) for topic, number in verdict.told_again.items()]
    verdict_line = "**Nothing wrong.**" if verdict.clean else "**SOMETHING IS WRONG.**"
    parts = [
        f"# A mix of faults\n\nMade by `python -m tests.chaos`. {verdict_line}",
        _table(("", ""), facts),
        "## What the checker counted",
        _table(("", "number"), counts),
        "## What was wrong",
        _table(("", "number"), list(troubles.items())),
        "## Faults, and seconds until the lag was below one again",
        "Counted from the end of the fault. Not seen: the next fault, or the end of the traffic, came first.",
        _table(FAULT_COLUMNS, _by_name(outcome.struck)),
    ]
    return "\n\n".join(parts) + "\n"


FAULT_COLUMNS = ("fault", "times", "lasted, median", "recovered, median", "at most", "not seen")

COUNTS = (
    "events",
    "copies",
    "poison",
    "customers",
    "linked",
    "decisions",
    "pushes",
    "changes",
    "timers",
    "posted",
    "unsure",
    "produced_twice",
)


def machine() -> str:
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores {platform.machine()}, {system}"


def _by_name(struck: Sequence[Struck]) -> list[tuple[object, ...]]:
    groups: dict[str, list[Struck]] = defaultdict(list)
    for one in struck:
        groups[one.name].append(one)
    rows: list[tuple[object, ...]] = []
    for name, ones in sorted(groups.items()):
        known = [one.recovered for one in ones if one.recovered is not None]
        lasted = f"{median(one.lasted for one in ones):.1f}"
        told = (f"{median(known):.1f}", f"{max(known):.1f}") if known else ("", "")
        rows.append((name, len(ones), lasted, *told, len(ones) - len(known)))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)
