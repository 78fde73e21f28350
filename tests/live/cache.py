"""The cache that the demo's live tests share, so that they train once: that of a user who never ran Caudal before."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.patience import PATIENCE

TRAINING = 4 * PATIENCE
"""Seconds for what waits for a whole training, which gives way to all else that the machine does."""


class Command:
    """A `caudal` command in a process of its own. out, err: what it printed so far."""

    def __init__(self, folder: Path, cache: Path, *arguments: str, **environment: str) -> None:
        folder.mkdir(exist_ok=True)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._folder = folder
        self._out, self._err = folder / "out", folder / "err"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAUDAL_")}
        own = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(self.temporary), **environment}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [sys.executable, "-m", "caudal", *arguments]
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env={**inherited, **own})

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, text: str) -> None:
        """Until it printed the text, to either stream. Fails where it ends first."""
        deadline = monotonic() + TRAINING
        while text not in self.out + self.err:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.err[-3000:]}"
            assert monotonic() < deadline, f"never said {text!r}: {self.err[-3000:]}"
            sleep(0.1)

    def end(self, timeout: float = PATIENCE) -> int:
        """Its exit status."""
        return self.process.wait(timeout)

    def relatives(self) -> dict[int, str]:
        """Process id to command line of those of its processes that still run, itself among them.

        They are known by where their output goes: into the test's folder.
        """
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if str((folder / "fd" / "1").readlink()).startswith(f"{self._folder}/"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found


@contextmanager
def running_command(folder: Path, cache: Path, *arguments: str, **environment: str) -> Iterator[Command]:
    command = Command(folder, cache, *arguments, **environment)
    try:
        yield command
    finally:
        command.process.kill()
        command.process.wait()


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "demo-cache"
    folder.mkdir(exist_ok=True)
    return folder
