"""Child processes: their end is noticed, and nothing of them is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from caudal.child import Child, ChildFailed
from tests.patience import PATIENCE

PYTHON = sys.executable


def eventually(what: object) -> bool:
    """Whether a condition comes about within some seconds."""
    assert callable(what)
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        if what():
            return True
        sleep(0.02)
    return False


def alive(process: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def test_a_child_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child.start("the baker", [PYTHON, "-c", "print('no flour'); raise SystemExit(3)"], tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"(?s)the baker ended by itself with status 3.*no flour"):
        child.wait_ready(lambda: False, PATIENCE)


def test_a_child_that_is_never_ready_is_told(tmp_path: Path) -> None:
    child = Child.start("the baker", [PYTHON, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    try:
        with pytest.raises(ChildFailed, match="not ready within"):
            child.wait_ready(lambda: False, 0.2)
    finally:
        child.stop(0.1)
    assert not alive(child.process.pid)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = Child.start("the baker", [PYTHON, "-c", deaf], tmp_path / "log")
    child.wait_ready(lambda: "deaf" in (tmp_path / "log").read_text(), PATIENCE)
    child.stop(0.2)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of other systems does not tell of a parent's death")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom caudal.child import Child\n"
        f"log = Path({str(tmp_path / 'log')!r})\n"
        "child = Child.start('orphan', [sys.executable, '-c', 'import time; time.sleep(60)'], log)\n"
        "print(child.process.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([PYTHON, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert eventually(lambda: alive(child))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert eventually(lambda: not alive(child))


def test_work_that_is_done_is_waited_for(tmp_path: Path) -> None:
    Child.start("the baker", [PYTHON, "-c", "pass"], tmp_path / "log").wait_over(PATIENCE)


def test_work_that_fails_is_told_with_its_log(tmp_path: Path) -> None:
    child = Child.start("the baker", [PYTHON, "-c", "raise SystemExit('burnt')"], tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"(?s)the baker failed with status 1.*burnt"):
        child.wait_over(PATIENCE)
