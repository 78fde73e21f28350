"""How a benchmark reports: a table for people, and with `--json` one object as the last line of stdout."""

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

PACKAGES = ("faust-streaming", "aiokafka", "redis", "numpy", "numba", "msgspec", "litestar", "uvicorn")

Figures = Mapping[str, float | int | str]


def machine() -> str:
    """CPU, cores, Python and the versions that matter."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}; {packages}"


def show(title: str, figures: Figures, *, as_json: bool) -> None:
    """Prints the figures; floats with three significant digits in the table, unrounded in JSON."""
    table = Table("figure", "value", title=title, caption=machine())
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3g}" if isinstance(value, float) and value < 1000 else _whole(value))
    Console(stderr=as_json, width=120).print(table)
    if as_json:
        print(json.dumps({**figures, "machine": machine()}))


def _whole(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}"
