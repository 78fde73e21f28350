"""Runs a command that must not outlive its parent: `python leash.py PARENT COMMAND...`.

Started as a script by `caudal.child`, with the standard library alone, so that it costs a few milliseconds. On Linux
the kernel itself ends the command when the parent dies, even by SIGKILL; elsewhere this process stays and watches.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
"""The prctl option (linux/prctl.h) that names the signal sent when the parent dies."""

WATCH_EVERY = 0.5
"""Seconds between two looks at the parent where the kernel does not tell."""


def lead(parent: int, command: list[str]) -> int:
    """Becomes the command (Linux), or runs it and returns its exit status when it or the parent ends."""
    if sys.platform != "linux":
        return _watch(parent, command)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    return os.execvp(command[0], command)


def _watch(parent: int, command: list[str]) -> int:
    process = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
    while process.poll() is None:
        if os.getppid() != parent:
            process.kill()
        time.sleep(WATCH_EVERY)
    return process.returncode


if __name__ == "__main__":
    sys.exit(lead(int(sys.argv[1]), sys.argv[2:]))
