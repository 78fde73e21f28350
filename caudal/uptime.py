"""Staying up: the local system with the demo's shop and model, from ready to told to stop."""

from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep, time

import msgspec
from rich.console import Console

from caudal.cache import cache_folder
from caudal.demo.summary import tell_addresses
from caudal.demo.training import Training, training
from caudal.demo.year import models_folder, open_year
from caudal.interrupts import heed_interrupts
from caudal.system import Keys, Plan, System, running
from streams.settings import Settings

LOOK_EVERY = 0.5
"""Seconds between two looks at whether all processes are alive."""


class Addresses(msgspec.Struct, frozen=True):
    """What `--json` prints: where to reach the system, and the keys by scope."""

    gateway: str
    broker: str
    redis: str
    keys: dict[str, str]


def stay_up(settings: Settings, *, port: int, data: Path | None, json: bool) -> None:
    """Blocks until it is told to stop. Call it from the main thread. Raises ChildFailed, TrainingFailed and others."""
    heed_interrupts()
    console = Console(stderr=True)
    year = open_year(cache_folder())
    if "models" not in settings.model_fields_set:
        settings = settings.model_copy(update={"models": models_folder(cache_folder())})
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        logs = data or Path(stack.enter_context(TemporaryDirectory(prefix="caudal-")))
        logs.mkdir(parents=True, exist_ok=True)
        trained = stack.enter_context(training(settings.models, year.until, logs, gently=False))
        plan = Plan(settings, year.moved(int(time() * 1000)).shop, port=port, data=logs)
        system = stack.enter_context(running(plan))
        _train(system, trained, console)
        if json:
            print(msgspec.json.encode(addresses_of(system)).decode(), flush=True)
        tell_addresses(console, system)
        _stay(system)


def addresses_of(system: System) -> Addresses:
    return Addresses(system.gateway, system.settings.broker, system.settings.redis_url, _by_scope(system.keys))


def _by_scope(keys: Keys) -> dict[str, str]:
    return {"site": keys.site, "app": keys.app, "store": keys.store, "admin": keys.admin}


def _train(system: System, trained: Training, console: Console) -> None:
    """Waits until the model serves. Raises TrainingFailed, ChildFailed."""
    if not trained.over:
        console.print("Training the model; the next start finds it in the cache ...")
    while not (trained.over and system.has_model):
        system.check()
        sleep(LOOK_EVERY)


def _stay(system: System) -> None:
    """Raises ChildFailed."""
    while True:
        system.check()
        sleep(LOOK_EVERY)
