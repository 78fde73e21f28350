"""`caudal merchandising`: the rules of merchandisers as they stand now."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from caudal.moments import instant_of
from caudal.text import printable
from streams.settings import LogLevel, Settings

if TYPE_CHECKING:
    from recommender.rule_listing import ListedRule


def list_(
    *,
    store: str = "",
    at: str = "",
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Show all rules: which hold, what each concerns, and which leave few items on a page.

    Parameters
    ----------
    store
        The store of which it is told; without it that of the web, where rules with stores do not hold.
    at
        The moment of which it is told, ISO 8601, UTC where no zone is named; by default now.
    json
        Print one JSON object a line instead of a table.
    """
    from caudal.logs import configure
    from caudal.lookup import model_of, shop_of
    from recommender.rule_listing import listed_rules

    chosen, moment = settings or Settings(), _moment(at)
    configure(chosen.log_format, LogLevel.ERROR)
    found = listed_rules(asyncio.run(shop_of(chosen)), model_of("", chosen), store, moment)
    if json:
        for one in found:
            print(msgspec.json.encode(one).decode())
    else:
        print(readable(found))


def readable(found: "list[ListedRule]") -> str:
    """A line a rule, then a line for each page on which it leaves few."""
    if not found:
        return "there are no rules; `caudal shop load` loads those of a folder's merchandising.jsonl"
    lines = []
    for one in found:
        standing = "holds" if one.holds else one.why_not
        lines.append(f"{standing:12} {one.effect:8} {printable(one.id)} · {_about(one)} · {one.items:,} items")
        lines += [f"{'':12} leaves few on {printable(page)}" for page in one.starves]
    return "\n".join(lines)


def _about(one: "ListedRule") -> str:
    from retail.weekly import Weekday

    rule = one.rule
    names = [*sorted(rule.items)[:3], *sorted(rule.categories), *sorted(rule.brands)]
    places = sorted(rule.placements) or ["everywhere"]
    week = [*(day.value for day in Weekday if day in rule.weekdays), *([rule.hours] if rule.hours else [])]
    parts = [printable(rule.name), ", ".join(names), ", ".join([*places, *sorted(rule.stores)]), " ".join(week)]
    return " · ".join(printable(part) for part in parts if part)


def _moment(at: str) -> int:
    """Milliseconds. Raises ValueError."""
    if not at:
        return int(time.time() * 1000)
    try:
        return instant_of(at)
    except ValueError:
        raise ValueError(f"--at {printable(at)} is no moment such as 2026-12-24T18:00") from None
