"""`caudal status`."""

import logging
import time
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from caudal.text import printable
from streams.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from streams.status import Row, Status

EVERY = 2.0
"""Seconds between two looks with --watch."""

UNKNOWN = "unknown"


def status(
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    watch: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Show where every partition stands, and what is wrong.

    Ends with status 0 where all is well and 1 where it is not; then the reasons follow the table. Takes no part in the
    workers' group and writes nothing. What a server does not tell is `unknown`.

    Parameters
    ----------
    json
        Print one JSON object instead of a table.
    watch
        Look again every two seconds, until Ctrl-C.
    """
    from rich.console import Console

    from streams.status.gather import gather

    # What its client says of a Kafka that is down, we say ourselves.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    settings, console = settings or Settings(), Console()
    while True:
        found = gather(settings)
        if watch and not json:
            console.clear()
        _tell(found, console, json=json)
        if not watch:
            return 0 if found.is_well else 1
        time.sleep(EVERY)


def _tell(found: "Status", console: "Console", *, json: bool) -> None:
    if json:
        print(msgspec.json.encode({**msgspec.to_builtins(found), "well": found.is_well}).decode(), flush=True)
        return
    console.print(_table(found))
    console.print(_summary(found), highlight=False, markup=False)
    for trouble in found.troubles:
        console.print(f"! {printable(trouble)}", highlight=False, markup=False, soft_wrap=True)


def _table(found: "Status") -> "Table":
    from rich.table import Table
    from rich.text import Text

    numbers = ("end", "committed", "ledger", "lag", "waiting", "outbox")
    table = Table("partition")
    table.add_column("owner", overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    for row in found.rows:
        table.add_row(*map(Text, _cells(row)))
    return table


def _cells(row: "Row") -> tuple[str, ...]:
    owner = UNKNOWN if row.owner is None else printable(row.owner) or "nobody"
    offsets = (row.end, row.committed, row.ledger, row.lag)
    waiting = UNKNOWN if row.waiting is None else f"{row.waiting:.1f} s"
    return (str(row.partition), owner, *map(_number, offsets), waiting, _number(row.outbox))


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _summary(found: "Status") -> str:
    workers = UNKNOWN if found.members is None else str(found.members)
    lines = [f"workers {workers} ({found.group or UNKNOWN}) · model {found.model or 'none'}"]
    if found.trial:
        lines.append(f"model {found.trial}")
    if found.store is not None:
        store = found.store
        limit = f" of {store.limit / 1e6:,.0f}" if store.limit else ""
        lines.append(
            f"Redis {store.version} · {store.role or UNKNOWN} · {store.policy or UNKNOWN} · "
            f"{store.used / 1e6:,.0f}{limit} MB"
        )
    if found.sources:
        lines.append("not identified yet: " + ", ".join(f"{s.topic} {s.count:,}" for s in found.sources))
    lines.append("all is well" if found.is_well else "not all is well:")
    return "\n".join(lines)
