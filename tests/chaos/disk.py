"""A disk that is small enough to be filled, for one server's data; only root can mount one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.servers import Machine

CHUNK_BYTES = 64 * 1024
"""In which a disk is filled, while the server goes on writing to it."""


class NoDisk(Exception):
    """Nothing can be mounted here; the message says why."""


@dataclass(frozen=True)
class Disk:
    """folder: where it is mounted."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / ".ballast"

    def fill(self) -> None:
        """Takes all the room there is."""
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(CHUNK_BYTES))

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(machine: Machine, folder: Path, megabytes: int) -> Iterator[Disk]:
    """A server that has its data on a disk of their own while the block runs, and what it wrote there afterwards.

    folder: its data's. Raises NoDisk, with the server running as before.
    """
    aside, disk = folder.with_name(f"{folder.name}-aside"), Disk(folder)
    machine.stop()
    folder.rename(aside)
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        if mounted.returncode:
            raise NoDisk(mounted.stderr.decode().strip())
        _copy(aside, folder)
        machine.start()
        yield disk
    finally:
        machine.stop()
        if not mounted.returncode:
            disk.make_room()
            _copy(folder, aside)
            _run("umount", str(folder)).check_returncode()
        folder.rmdir()
        aside.rename(folder)
        machine.start()


def _copy(source: Path, target: Path) -> None:
    """Makes the target the same. Holes stay holes: Kafka's indexes are ten megabytes each, and nearly empty."""
    _run("find", str(target), "-mindepth", "1", "-delete").check_returncode()
    _run("cp", "-a", "--sparse=always", f"{source}/.", str(target)).check_returncode()


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, check=False, capture_output=True)
