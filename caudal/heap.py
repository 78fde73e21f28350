"""The C heap of a process that runs for months: few arenas, and what is free in them goes back to the system.

glibc gives each thread an arena of its own and keeps what bursts left in it. Threads that learn, and a backlog worked
off, left 140 MB in the arenas of a worker that used 80 of them, and more with every burst (`benchmarks.endurance`).
"""

import ctypes
import threading
import time

M_ARENA_MAX = -8
"""The mallopt parameter (malloc.h) that limits the arenas."""

ARENAS = 2
"""One for the thread of the event loop, one for all that learn and load beside it."""

GIVE_BACK_EVERY = 60.0
"""Seconds. Each time costs some milliseconds in which another thread's `malloc` may have to wait."""


def keep_small() -> None:
    """To be called before threads start. Where the C library is not glibc, nothing happens."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return
    libc.mallopt(M_ARENA_MAX, ARENAS)
    threading.Thread(target=_keep_giving_back, args=(libc,), name="heap", daemon=True).start()


def _keep_giving_back(libc: ctypes.CDLL) -> None:
    while True:
        time.sleep(GIVE_BACK_EVERY)
        libc.malloc_trim(0)
