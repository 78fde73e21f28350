"""The demo's model: trained once on the training months in a process of its own, then found in the cache."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from caudal.child import Child
from recommender.model import ModelRefused, load, newest

SOURCE = "complete-journey"
"""What `caudal train` calls the data set."""

STOP_TIMEOUT = 2.0
"""Seconds before a training that is no longer wanted is killed; it publishes whole or not at all."""


class TrainingFailed(Exception):
    """The message ends with the tail of the training's log."""


@dataclass(frozen=True)
class Training:
    """child: None where the model was there already."""

    child: Child | None

    @property
    def over(self) -> bool:
        """Raises TrainingFailed where it ended without a model."""
        if self.child is None:
            return True
        status = self.child.process.poll()
        if status:
            raise TrainingFailed(f"The training failed with status {status}.{self.child.tail()}")
        return status == 0

    @property
    def doing(self) -> str:
        """What it last said of itself, as ` 25% tastes`."""
        if self.child is None:
            return "the model of the last run"
        said = self.child.log.read_text(errors="replace").splitlines()
        return said[-1] if said else "starting"


@contextmanager
def training(models: Path, until: int, logs: Path, *, gently: bool) -> Iterator[Training]:
    """Trains unless the folder has a model that can serve: without a ranker, for which a first look need not wait.

    until: milliseconds, on the data set's own clock. gently: gives way to others, where customers wait for them.
    """
    if _serves(models):
        yield Training(None)
        return
    moment = datetime.fromtimestamp(until / 1000, UTC).isoformat()
    asked = ["--until", moment, "--no-ranker", "--models", str(models)]
    command = [sys.executable, "-m", "caudal", "train", SOURCE, *asked]
    child = Child.start("the training", [*(_politely() if gently else ()), *command], logs / "training.log")
    try:
        yield Training(child)
    finally:
        child.stop(STOP_TIMEOUT)


def _politely() -> list[str]:
    """What customers wait for goes first on a machine with few cores: training has a third of a share beside it."""
    nice = shutil.which("nice")
    return [nice, "-n", "5"] if nice else []


def _serves(models: Path) -> bool:
    """Whether the newest version is one that this program would take up."""
    folder = newest(models)
    if folder is None:
        return False
    try:
        load(folder)
    except ModelRefused:
        return False
    return True
