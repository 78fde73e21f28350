"""`caudal rebuild`."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from streams.settings import LogLevel, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from streams.rebuild import Plan, Rebuilt

DECLINED = 1
"""Exit status where the question was not answered with yes."""


@dataclass(frozen=True)
class Forget:
    """Whether to begin with nothing.

    Parameters
    ----------
    from_scratch
        Forget what Redis holds of the partitions first: states, slates and ledgers, not the inboxes.
    yes
        Do not ask before forgetting.
    """

    from_scratch: Annotated[bool, Parameter(negative="")] = False
    yes: Annotated[bool, Parameter(negative="")] = False


FORGET_NOTHING = Forget()


def rebuild(
    *,
    partition: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    forget: Annotated[Forget, Parameter(name="*")] = FORGET_NOTHING,
    from_log: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Bring Redis up to the log with all workers stopped: from the snapshots, and from the log behind them.

    A worker does the same by itself when it finds that Redis lost something; this command does it for all partitions,
    shows how far it is, and fills nobody's inbox. Ctrl-C stops it at any moment; run again, it goes on.

    Parameters
    ----------
    partition
        Only these partitions.
    from_log
        Leave the snapshots alone and read the whole log.
    json
        Print one JSON object as the last line of stdout instead of a table; all else goes to stderr.
    """
    from rich.console import Console

    from caudal.logs import configure
    from streams.rebuild import Plan

    chosen = settings or Settings()
    configure(chosen.log_format, LogLevel.WARNING)
    console = Console(stderr=True)
    if forget.from_scratch and not forget.yes and not _agrees(console, chosen):
        return DECLINED
    rebuilt = _rebuild(console, chosen, Plan(partition or (), forget.from_scratch, from_log))
    _tell(rebuilt, json)
    return 0


def _agrees(console: "Console", settings: Settings) -> bool:
    place = settings.redis_url.rsplit("@", 1)[-1]
    console.print(f"What {place} holds of these partitions will be forgotten and made anew from Kafka.")
    return console.input("Go on? \\[y/N] ").strip().lower() in ("y", "yes")


def _rebuild(console: "Console", settings: Settings, plan: "Plan") -> "list[Rebuilt]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from streams.rebuild import rebuild as run

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rate = TextColumn("{task.fields[rate]}")
    with Progress(*columns, rate, TimeRemainingColumn(), console=console) as shown:
        task = shown.add_task("looking", total=None, rate="")

        def progress(done: int, doing: str) -> None:
            speed = shown.tasks[0].speed
            shown.update(task, completed=done, description=doing, rate=f"{speed:,.0f}/s" if speed else "")

        return asyncio.run(run(settings, plan, lambda total: shown.update(task, total=total), progress))


def _tell(rebuilt: "list[Rebuilt]", json: bool) -> None:
    if json:
        import msgspec

        print(msgspec.json.encode({"partitions": rebuilt}).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("partition", "ledger was", "states from snapshot", "records read", "gone", "ledger is", "seconds")
    for one in rebuilt:
        figures = (one.first, one.snapshot, one.read, one.gone, one.until)
        table.add_row(str(one.partition), *(f"{figure:,}" for figure in figures), f"{one.seconds}")
    Console().print(table)
