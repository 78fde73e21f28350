"""An evaluation as one HTML page that needs nothing but itself: a plot of every metric, and the table."""

from html import escape

from recommender.evaluation.policies import PolicyReport, header, rows
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
    return _whole(f"{report.form}: {report.n:,} judged", _facts(report) + plots + _table(*table(report)))


def policy_page(report: PolicyReport) -> str:
    """The same of policies: a line over the interval of each one's DR estimate, and the table."""
    facts = [
        f"{report.customers:,} customers; {report.mean:.4f} of what was shown was {report.reward}",
        f"left out, since nothing else could have been shown: {report.fixed:,}",
        *(f"{name}: {warning}" for name, judged in report.policies.items() for warning in judged.warnings),
    ]
    body = _list(facts) + f"<h2>DR, 95 %</h2>{_intervals(report)}" + _table(header(), rows(report))
    return _whole(f"policies: {report.n:,} choices", body)


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _intervals(report: PolicyReport) -> str:
    """What lies below 0, or has no bound, is drawn to the plot's edge."""
    most = max((one.dr.value for one in report.policies.values()), default=0.0) * 2 or 1.0
    drawn = []
    for number, (name, judged) in enumerate(report.policies.items()):
        top = number * (BAR + GAP) + BAR / 2
        low, value, high = (
            LEFT + WIDTH * min(max(one / most, 0.0), 1.0) for one in (judged.dr.low, judged.dr.value, judged.dr.high)
        )
        drawn.append(
            f'<text x="{LEFT - 8}" y="{top + 4}" text-anchor="end">{escape(name)}</text>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{top}" y2="{top}" stroke="#1b2430" stroke-width="2"/>'
            f'<circle cx="{value:.1f}" cy="{top}" r="4" fill="#0b7285"/>'
        )
    size = f'width="{LEFT + WIDTH + 70}" height="{len(report.policies) * (BAR + GAP)}"'
    return f'<svg {size} role="img">{"".join(drawn)}</svg>'


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
    return _list(facts)


def _list(facts: list[str]) -> str:
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


def _table(names: list[str], cells: list[list[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    return "<table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in names) + f"</tr>{lines}</table>"
