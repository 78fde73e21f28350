"""What the demo shows while it runs: one table, renewed in place on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from caudal.demo.gauges import Gauges
from caudal.demo.journal import Journal
from caudal.demo.taste import Taste

LINE_EVERY = 5.0
"""Seconds between two lines where the output is no terminal."""

RATE_OVER = 2.0
"""Seconds that the shown rate is an average of."""


@dataclass
class Stand:
    """How far the demo is. doing: the present phase. done, total: receipts of the present phase."""

    journal: Journal
    taste: Taste
    doing: str = "starting"
    done: int = 0
    total: int = 0
    gauges: Gauges = field(default_factory=Gauges)


@dataclass
class Screen:
    console: Console
    _live: Live | None = None
    _said: float = 0.0
    _rates: list[tuple[float, int]] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[None]:
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, refresh_per_second=4, transient=True) as self._live:
            yield
        self._live = None

    def show(self, stand: Stand) -> None:
        rate = self._rate(stand.gauges.applied)
        if self._live is not None:
            self._live.update(_panel(stand, rate))
        elif monotonic() - self._said >= LINE_EVERY:
            self._said = monotonic()
            self.console.print(_line(stand, rate), soft_wrap=True)

    def _rate(self, applied: int) -> float:
        now = monotonic()
        self._rates.append((now, applied))
        while len(self._rates) > 1 and now - self._rates[0][0] > RATE_OVER:
            self._rates.pop(0)
        then, before = self._rates[0]
        return (applied - before) / (now - then) if now > then else 0.0


def _panel(stand: Stand, rate: float) -> Panel:
    bar = Padding(ProgressBar(total=max(stand.total, 1), completed=stand.done), (0, 0, 1, 0))
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(stand, rate).items():
        table.add_row(f"[bold]{name}", value)
    return Panel(Group(f"{stand.doing} ({stand.done:,} of {stand.total:,})", bar, table), title="caudal demo")


def _rows(stand: Stand, rate: float) -> dict[str, str]:
    gauges = stand.gauges
    return {
        "events": f"{stand.journal.events:,} sent, {gauges.applied:,} applied, {rate:,.0f}/s, lag {gauges.lag:.1f} s",
        "slates": f"{gauges.slates:,} warm, {gauges.shed:,} shed under lag",
        "pushes": f"{gauges.pushes:,} (on the simulated shop floor)",
        "withheld": reasons(gauges.withheld),
        "hit rate@10": taste_of(stand.taste),
    }


def taste_of(taste: Taste) -> str:
    if not taste.baskets:
        return "not measured yet"
    measured = f"{taste.hit_rate:.3f}, best-sellers {taste.popular_hit_rate:.3f}"
    return f"{measured} (on {taste.baskets:,} baskets that followed)"


def reasons(withheld: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(withheld.items())) or "none"


def _line(stand: Stand, rate: float) -> str:
    rows = "; ".join(f"{name}: {value}" for name, value in _rows(stand, rate).items())
    return f"{stand.doing} ({stand.done:,} of {stand.total:,}): {rows}"
