"""Kernels that are not on disk are compiled by a process of their own, and a trained model asks for no others."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fcntl import LOCK_EX, flock
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from recommender.kernel_store import ready_kernels
from recommender.model import Model, load
from recommender.publication import Provenance, publish
from recommender.ranker import Ranker, ranker_arrays
from recommender.session_build import Log, index_sessions, joined
from recommender.straight import Straight
from recommender.training.train import train
from recommender.warm_up import compile_all, compile_slates
from tests.patience import PATIENCE
from tests.unit.recommender.shelves import SMALL, transactions
from tests.unit.recommender.test_ranker import known, only_habits
from tests.unit.recommender.test_sessions import WATCHED

WAITER = """
import asyncio
from recommender.kernel_store import ready_kernels
from recommender.model import Model
asyncio.run(ready_kernels(Model.empty()))
"""
"""A process that needs kernels, as a worker does before it takes a partition."""

ORPHAN = """
import subprocess, sys
child = "import os; from recommender.kernel_store import _end_with; _end_with(int(os.environ['PARENT']))"
import os
print(subprocess.Popen([sys.executable, "-c", child], env={**os.environ, "PARENT": str(os.getpid())}).pid)
"""
"""A process that dies while one compiles for it."""


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def lives(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def signatures() -> dict[str, int]:
    """For how many kinds of arguments each kernel has machine code by now."""
    serving = "recommender.", "recommender.training", "recommender.evaluation"
    modules = [m for name, m in sys.modules.items() if name.startswith(serving[0]) and not name.startswith(serving[1:])]
    named = [value for module in modules for value in vars(module).values()]
    kernels = [value._kernel if isinstance(value, Straight) else value for value in named]
    found = [kernel for kernel in kernels if isinstance(kernel, Dispatcher)]
    return {repr(kernel): len(kernel.signatures) for kernel in found}


def test_a_trained_model_and_todays_sessions_need_no_machine_code_that_was_not_ready(tmp_path: Path) -> None:
    compile_all(Model.empty())
    before = signatures()
    arrays = train(transactions(WATCHED), SMALL, sessions=transactions(WATCHED))
    ranker = ranker_arrays(Ranker(only_habits(), known(len(arrays["keys"]))))
    model = load(tmp_path / publish(tmp_path, arrays | ranker, Provenance(created=1)))
    today = index_sessions(Log(np.zeros(2, np.int32), np.array([0, 2], np.int64)), model.shelf.popularity)
    compile_slates(replace(model, sessions=joined(model.sessions, today)))
    assert signatures() == before


def test_kernels_are_compiled_apart_once_and_found_by_the_next_process(tmp_path: Path) -> None:
    # Without its compiler numba runs them as Python: the way to the disk is the same, in no time.
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", WAITER], env=env, check=True)
    (mark,) = tmp_path.glob("kernels-*/whole-*")
    os.utime(mark, (1, 1))
    subprocess.run([sys.executable, "-c", WAITER], env=env, check=True)
    assert mark.stat().st_mtime == 1


def test_two_that_start_on_a_new_machine_together_compile_once(tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    compile_kernels = [sys.executable, "-m", "recommender.kernel_store"]
    subprocess.run(compile_kernels, env=env, check=True)
    (mark,) = tmp_path.glob("kernels-*/whole-*")
    mark.unlink()
    with (mark.parent / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        second = subprocess.Popen(compile_kernels, env=env)
        assert eventually(lambda: f"-> FLOCK  ADVISORY  WRITE {second.pid} " in Path("/proc/locks").read_text())
        mark.touch()
        os.utime(mark, (1, 1))
    assert second.wait(PATIENCE) == 0
    assert mark.stat().st_mtime == 1


async def test_who_no_longer_waits_for_kernels_leaves_no_compiler_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler, told = tmp_path / "compiler", tmp_path / "told"
    compiler.write_text(f"#!/bin/sh\necho $$ > {told}\nexec sleep {PATIENCE:.0f}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(compiler))
    waiting = asyncio.create_task(ready_kernels(Model.empty()))
    await asyncio.to_thread(eventually, lambda: told.exists() and told.read_text().strip() != "")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not lives(int(told.read_text()))


def test_a_compiler_ends_when_the_one_it_compiles_for_was_killed() -> None:
    told = subprocess.run([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, check=True)
    assert eventually(lambda: not lives(int(told.stdout)))
