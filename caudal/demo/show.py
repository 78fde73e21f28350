"""The demo from beginning to end: prepare, start everything, play, tell, and stay or go."""

import asyncio
import secrets
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep, time

import msgspec
from rich.console import Console

from caudal.cache import cache_folder
from caudal.demo.cast import cast
from caudal.demo.figures import Figures
from caudal.demo.lines import find_guest, write_lines
from caudal.demo.phases import play
from caudal.demo.run import Run
from caudal.demo.summary import tell_addresses, tell_figures, tell_lines
from caudal.demo.training import Training, training
from caudal.demo.year import Year, models_folder, open_year
from caudal.interrupts import heed_interrupts
from caudal.system import Plan, System, running
from streams.settings import Settings

LOOK_EVERY = 0.5
"""Seconds between two looks at whether all processes are alive, once the replay is over."""


@dataclass(frozen=True)
class Options:
    """once: end after the replay. speed: seconds of shop time per second. events: receipts to replay."""

    once: bool
    json: bool
    speed: float
    events: int
    started: float = field(default_factory=monotonic)


def show(options: Options, settings: Settings) -> None:
    """Blocks until the replay is over (once), or until it is interrupted. Call it from the main thread."""
    heed_interrupts()
    console = Console(stderr=True)
    console.print("Preparing a year of real receipts ...")
    year = open_year(cache_folder())
    if "models" not in settings.model_fields_set:
        settings = settings.model_copy(update={"models": models_folder(cache_folder())})
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caudal-")))
        trained = stack.enter_context(training(settings.models, year.until, logs, gently=True))
        year = year.moved(int(time() * 1000))
        console.print(
            "Starting broker, Valkey, worker and gateway; the first time, code is compiled for this machine ..."
        )
        system = stack.enter_context(running(Plan(settings, year.shop, data=logs)))
        tell_addresses(console, system)
        run = _plan(options, year, (system, trained), console)
        _play(run, options)


def _plan(options: Options, year: Year, parts: tuple[System, Training], console: Console) -> Run:
    now = int(time() * 1000)
    walkers = cast(year.receipts, year.shop, now)
    return Run(
        year=year,
        system=parts[0],
        training=parts[1],
        cast=walkers,
        guest=find_guest(year.shop, frozenset(walker.customer for walker in walkers), now),
        name=secrets.token_hex(4),
        speed=options.speed,
        events=options.events,
        started=options.started,
        console=console,
    )


def _play(run: Run, options: Options) -> None:
    figures, floor = asyncio.run(play(run))
    tell_figures(run.console, figures, floor)
    tell_lines(run.console, write_lines(run.guest, run.system.gateway, run.system.keys))
    if not options.once:
        run.console.print("\nIt keeps running. Ctrl-C ends it and leaves nothing behind.")
        with suppress(KeyboardInterrupt):
            _stay(run.system)
    if options.json:
        _print(figures)


def _stay(system: System) -> None:
    """Raises ChildFailed where a process of the system is gone."""
    while True:
        system.check()
        sleep(LOOK_EVERY)


def _print(figures: Figures) -> None:
    print(msgspec.json.encode(figures).decode(), flush=True)
