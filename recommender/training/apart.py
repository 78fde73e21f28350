"""Training in a process of its own: with its libraries, and without its memory staying behind."""

import subprocess
import sys
from pathlib import Path

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
    with subprocess.Popen(
        command, env=environment(models / OPENMP), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            told = parse(line)
            version = told.version or version
            progress(told.doing, told.done)
        errors = process.stderr.read().strip()
    if process.returncode or not version:
        raise TrainingFailed(errors.splitlines()[-1] if errors else f"training ended with code {process.returncode}")
    return version
