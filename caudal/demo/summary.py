"""What the demo says at the end, and how to go on by hand: figures, addresses, keys, three lines to paste."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from caudal.demo.figures import Figures
from caudal.demo.floor import Floor
from caudal.demo.lines import has_curl, without_curl
from caudal.demo.screen import reasons
from caudal.system import System


def tell_figures(console: Console, figures: Figures, floor: Floor) -> None:
    table = Table(title="What became of it", show_header=False)
    for name, value in _rows(figures, floor):
        table.add_row(name, value)
    console.print(table)


def _rows(figures: Figures, floor: Floor) -> list[tuple[str, str]]:
    waits = sorted(floor.waits)
    wait = f", seen by the app after {waits[len(waits) // 2]:.2f} s (median)" if waits else ""
    return [
        ("events", f"{figures.events:,} accepted, {figures.applied:,} applied, {figures.rejected:,} rejected"),
        ("recount", f"{figures.lost:,} lost, {figures.doubled:,} doubled: sent against what Redis holds"),
        ("rate", f"{figures.events_per_second:,.0f} events/s applied, receipts straight to Kafka"),
        ("slates", f"{figures.slates:,} warm slates written"),
        ("pushes (simulated floor)", f"{figures.pushes:,}{wait}"),
        ("withheld (simulated floor)", reasons(figures.withheld)),
        ("hit rate@10", f"{figures.hit_rate_at_10:.3f}, best-sellers {figures.popularity_hit_rate_at_10:.3f}"),
        ("seconds", f"{figures.seconds:.0f}"),
    ]


def tell_addresses(console: Console, system: System) -> None:
    table = Table(title="It runs here", show_header=False)
    table.add_row("gateway", f"{system.gateway}  (API page: {system.gateway}/docs)")
    table.add_row("broker", system.settings.broker)
    table.add_row("redis", system.settings.redis_url)
    table.add_row("worker metrics", system.metrics)
    keys = system.keys
    for scope, key in (("site", keys.site), ("app", keys.app), ("store", keys.store), ("admin", keys.admin)):
        table.add_row(f"{scope} key", key)
    console.print(table)


def tell_lines(console: Console, lines: Sequence[str]) -> None:
    console.print("Paste these: a customer looks at items and allows pushes; passes a beacon; see what came of it.")
    for line in lines:
        _plain(console, line)
    if not has_curl():
        console.print("There is no curl on this machine; the same with Python:")
        for line in lines:
            _plain(console, without_curl(line))


def _plain(console: Console, line: str) -> None:
    """As it is: not wrapped, not coloured, no markup read into it."""
    console.print(f"\n{line}", soft_wrap=True, markup=False, highlight=False)
