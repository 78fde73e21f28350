"""An evaluation as one HTML page that needs nothing but itself: a plot of every metric, and the table."""

from html import escape

from recommender.evaluation.report import Report, table

BAR, GAP, LEFT, WIDTH = 16, 6, 210, 420
"""Pixels of a plot: a bar's height, the space under it, the room for names, the longest bar."""

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #dde}"
    "td:first-child,th:first-child{text-align:left}svg{display:block;margin:.5rem 0 1.5rem}text{font-size:12px}"
)


def page(report: Report) -> str:
    """The whole page; every text of the report is escaped."""
    metrics = list(next(iter(report.models.values()), {}))
    plots = "".join(f"<h2>{escape(metric)}</h2>{_plot(report, metric)}" for metric in metrics)
    title = f"{report.form}: {report.n:,} judged"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{_facts(report)}{plots}{_table(report)}</body></html>"
    )


def _facts(report: Report) -> str:
    latency = report.latency
    facts = [
        f"learned from {report.trained_on:,} lines, {report.items:,} items",
        f"training knew {report.known:.1%} of the wanted items",
        (
            f"one recommend call: p50 {latency.p50_ms} ms, p90 {latency.p90_ms} ms, p99 {latency.p99_ms} ms "
            f"({latency.calls:,} calls, {report.machine})"
        ),
        f"seed {report.seed}; {report.seconds} s",
        *(f"not judged: {how_many:,} {why}" for why, how_many in report.skipped.items()),
        *(f"tuned: {name} {value:g}" for name, value in report.tuning.items()),
    ]
    return "<ul>" + "".join(f"<li>{escape(fact)}</li>" for fact in facts) + "</ul>"


def _plot(report: Report, metric: str) -> str:
    """Bars, one a model; what is shipped has a line over its 95 % interval."""
    shipped = list(report.models)[-1]
    low, high = report.intervals[metric]
    most = max([high, *(figures[metric] for figures in report.models.values())]) or 1.0
    scale, bars = WIDTH / most, []
    for number, (name, figures) in enumerate(report.models.items()):
        top, length = number * (BAR + GAP), figures[metric] * scale
        colour = "#0b7285" if name == shipped else "#a5b4c4"
        bars.append(
            f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>'
            f'<text x="{LEFT + max(length, high * scale if name == shipped else 0) + 6:.1f}" y="{top + 12}">'
            f"{figures[metric]:.4f}</text>"
        )
    middle = (len(report.models) - 1) * (BAR + GAP) + BAR / 2
    ends = f'x1="{LEFT + low * scale:.1f}" x2="{LEFT + high * scale:.1f}" y1="{middle}" y2="{middle}"'
    size = f'width="{LEFT + WIDTH + 70}" height="{len(report.models) * (BAR + GAP)}"'
    return f'<svg {size} role="img">{"".join(bars)}<line {ends} stroke="#1b2430" stroke-width="2"/></svg>'


def _table(report: Report) -> str:
    header, rows = table(report)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in header) + f"</tr>{lines}</table>"
