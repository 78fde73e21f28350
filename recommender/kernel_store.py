"""Decision kernels ready before the first question; those not on disk yet are compiled by a process of their own.

LLVM keeps for good what compiling took: with numba 0.68 a process that compiles all kernels itself has 470 MB, one that
reads them from disk 226 MB. `python -m recommender.kernel_store` compiles them ahead, before processes that need them
all start at once; where they are on disk already, it takes as long as importing them.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

import llvmlite.binding as llvm
import numba

from recommender.compiled import kept_in
from recommender.model import Model
from recommender.warm_up import compile_all

LOOK_EVERY = 0.5
"""Seconds between two looks of the compiling process at whether the one that waits for it is still there."""


async def ready_kernels(model: Model) -> None:
    """Returns when the model can be asked without waiting for a compiler. Cancelled, it leaves no process."""
    if not are_kept():
        await _compiled_apart()
    await asyncio.to_thread(compile_all, model)


def are_kept() -> bool:
    """Whether they are on disk; else being ready takes a minute of one core, once per machine."""
    return _mark().exists()


async def _compiled_apart() -> None:
    """Where that process fails, this one compiles what it misses: it costs memory, not the answer."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, str(os.getpid()))
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _mark() -> Path:
    """The file that says that all kernels of these sources are on disk, for this numba and this processor."""
    digest = sha256(repr(tuple(_what_counts())).encode())
    return kept_in() / f"whole-{digest.hexdigest()[:16]}"


def _what_counts() -> Iterator[object]:
    """What numba compares before it takes machine code from the disk."""
    yield numba.__version__, sys.version, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        yield source.name, source.stat().st_mtime_ns, source.stat().st_size


def _end_with(parent: int) -> None:
    """A killed parent cannot tell: nobody waits for the machine code then."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """A worker and a gateway that start on a new machine together: the second waits, and finds it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _main(arguments: list[str]) -> None:
    if arguments:
        threading.Thread(target=_end_with, args=(int(arguments[0]),), daemon=True).start()
    mark = _mark()
    with _one_at_a_time(mark.parent):
        if not mark.exists():
            compile_all(Model.empty())
            mark.touch()


if __name__ == "__main__":
    _main(sys.argv[1:])
