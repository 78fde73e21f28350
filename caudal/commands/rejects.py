"""`caudal rejects list`, `caudal rejects show` and `caudal rejects replay`."""

import asyncio
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from caudal.moments import instant_of
from caudal.text import printable
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.rejects import Filed, Filter, Heap, Open

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
"""Seconds."""

TYPED_BACK = frozenset({"reason", "refused in", "show"})
"""Columns of the list that `--reason`, `--topic` and `caudal rejects show` ask for."""


def list_(
    *,
    reason: str = "",
    topic: str = "",
    since: str = "",
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Count what was rejected and not put back, by reason and where it came from.

    Parameters
    ----------
    reason
        Only this reason, as the list has it.
    topic
        Only what was refused there: a topic, or `http` for what the gateway refused.
    since
        Only what was filed since then: a moment (ISO 8601, UTC), or an age such as 90m, 12h or 7d.
    json
        Print one JSON object a line instead of a table.
    """
    from streams.rejects import RejectsLog

    log = RejectsLog(settings or Settings())
    found = asyncio.run(log.open(_filter(reason, topic, since)))
    heaps = found.heaps()
    if json:
        for heap in heaps:
            print(_line(heap))
        return
    _tell_table(heaps, found)


def show(
    position: str,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Show one reject: why, where from, and its bytes.

    The bytes are what a sender sent, and may be personal. What would command a terminal is escaped.

    Parameters
    ----------
    position
        Where it lies in `events.rejected`, as `caudal rejects list` has it: partition/offset.
    json
        Print it as it is stored, the bytes in base64, instead of readable.
    """
    from streams.rejects import Position, RejectsLog

    match = re.fullmatch(r"(\d{1,9})/(\d{1,18})", position)
    if match is None:
        raise ValueError(f"{position!r} is no position: partition/offset, such as 0/17")
    place = Position(int(match[1]), int(match[2]))
    filed = asyncio.run(RejectsLog(settings or Settings()).at(place))
    if filed is None:
        print(f"no reject at {place}: never there, or past its retention", file=sys.stderr)
        return 1
    print(msgspec.json.encode(filed.rejected).decode() if json else _readable(filed))
    return 0


def replay(
    *,
    reason: str = "",
    topic: str = "",
    since: str = "",
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Put rejects back where they were refused, once their cause is mended.

    Each is applied once, also where this is done twice or was interrupted. What is refused again lies there again.

    Parameters
    ----------
    reason
        Only this reason, as the list has it.
    topic
        Only what was refused there.
    since
        Only what was filed since then: a moment (ISO 8601, UTC), or an age such as 90m, 12h or 7d.
    dry_run
        Only tell what would be put back.
    """
    from streams.replay import replay as put_back

    done = asyncio.run(put_back(settings or Settings(), _filter(reason, topic, since), dry_run=dry_run))
    word = "would be put back" if dry_run else "put back"
    for why, count in done.put_back.most_common():
        print(f"{count:,} {printable(why)}: {word}")
    for why, count in done.left.most_common():
        print(f"{count:,} stay: {why}")
    if not done.put_back and not done.left:
        print("nothing to put back")


def moment(text: str, now: float) -> int:
    """Milliseconds. now: seconds since the epoch. Raises ValueError."""
    if not text:
        return 0
    age = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if age:
        return int((now - int(age[1]) * UNITS[age[2]]) * 1000)
    try:
        return instant_of(text)
    except ValueError:
        raise ValueError(f"--since {text!r} is neither a moment (2026-11-24T12:00) nor an age (90m, 12h, 7d)") from None


def _filter(reason: str, topic: str, since: str) -> "Filter":
    from streams.rejects import Filter

    return Filter(reason, topic, moment(since, time.time()))


def _line(heap: "Heap") -> str:
    values = {
        "reason": heap.reason,
        "topic": heap.topic,
        "count": heap.count,
        "newest": _time(heap.newest),
        "position": str(heap.last),
    }
    return msgspec.json.encode(values).decode()


def _tell_table(heaps: "list[Heap]", found: "Open") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [
        (printable(heap.reason), heap.topic, f"{heap.count:,}", _time(heap.newest), str(heap.last)) for heap in heaps
    ]
    shown = Table()
    for number, name in enumerate(("reason", "refused in", "count", "newest", "show")):
        # What is typed back is never cut short, however narrow the terminal.
        whole = max((len(row[number]) for row in rows), default=0) if name in TYPED_BACK else None
        shown.add_column(name, no_wrap=whole is not None, min_width=whole, overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, row))
    console = Console()
    console.print(shown)
    console.print(f"{sum(heap.count for heap in heaps):,} open, {found.put_back:,} put back")
    if found.unreadable:
        console.print(f"{found.unreadable:,} records are no rejects: somebody else writes to events.rejected")


def _readable(filed: "Filed") -> str:
    rejected = filed.rejected
    text = rejected.raw_bytes().decode(errors="backslashreplace")
    return "\n".join(
        (
            f"position  {filed.position}",
            f"reason    {printable(rejected.reason)}",
            f"message   {printable(rejected.message)}",
            f"source    {printable(rejected.source)}",
            f"filed     {_time(filed.at)}",
            f"bytes     {len(rejected.raw_bytes())}",
            "",
            *map(printable, text.split("\n")),
        )
    )


def _time(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return "unknown"
