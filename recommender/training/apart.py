"""Training in a process of its own: with its libraries, and without its memory staying behind."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from recommender.training.openmp import environment
from recommender.training.progress import Progress, parse, silent

OPENMP = ".openmp"
"""Folder beside the models for the link of `openmp`; hidden, so that it is no version."""


class TrainingFailed(Exception):
    """The message is the training's own last words."""


def train_apart(source: str | Path, models: Path, until: int | None = None, progress: Progress = silent) -> str:
    """As `train_and_publish`, in a subprocess; returns the version. Raises TrainingFailed, NoOpenMP."""
    command = [sys.executable, "-m", "recommender.training", str(source), str(models)]
    if until is not None:
        command.append(str(until))
    version = ""
    prepared = environment(models / OPENMP)
    with (
        TemporaryFile("w+") as complaints,
        subprocess.Popen(command, env=prepared, stdout=subprocess.PIPE, stderr=complaints, text=True) as process,
    ):
        for line in process.stdout or ():
            told = parse(line)
            version = told.version or version
            progress(told.doing, told.done)
        if process.wait() or not version:
            raise TrainingFailed(_last_line(complaints) or f"training ended with code {process.returncode}")
    return version


def _last_line(complaints: IO[str]) -> str:
    complaints.seek(0)
    return complaints.read().strip().rpartition("\n")[2]
