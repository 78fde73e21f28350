"""When the gateway gets a core: soon, since it needs it for a moment only.

Linux (6.12 and newer) lets a thread say how long its turns are to be. Who asks for short ones waits less for the first
of them, behind a worker that would go on for milliseconds, and gets no more of the core in the end than before: nothing
is taken from anybody, and nobody has to be allowed to. Elsewhere nothing happens.
"""

import ctypes
import os
import platform
from struct import Struct

TURN = 500_000
"""Nanoseconds: what an answer takes; the kernel's own are some 1,400,000 with two cores and 2,800,000 with many."""

SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "arm64": 274}
"""Number of the system call, which C libraries hardly know yet, by machine."""

RESET_ON_FORK = 1
"""The flag by which threads begun from this one, which learn and load, have turns as everybody else's."""

ATTRIBUTES = Struct("=IIQiIQQQ")
"""sched_attr (linux/sched/types.h): size, policy, flags, nice, priority, runtime, deadline, period."""


def take_short_turns() -> None:
    """For the calling thread; where its operator gave it another policy than the usual one, that stays."""
    number = SCHED_SETATTR.get(platform.machine())
    if not hasattr(os, "sched_getscheduler") or number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = ATTRIBUTES.pack(ATTRIBUTES.size, os.SCHED_OTHER, RESET_ON_FORK, nice, 0, TURN, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
