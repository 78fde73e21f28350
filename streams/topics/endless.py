"""A background job that is to go on for as long as the process does: where it fails it is told, and begun again.

A process whose job ended unnoticed would go on without it: without newer models, or without what the shop changed.
"""

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

FIRST_PAUSE = 0.2
"""Seconds until a job that failed begins again: what was away for a moment is back by then."""

LONGEST_PAUSE = 5.0
"""Seconds; a job that fails at once, again and again, costs nothing and fills no log."""

STEADY = 60.0
"""Seconds after which a job counts as having worked: when it fails then, that is a first time."""

FRAMES = 6
"""Of a fault, the innermost."""

FAILURES: Counter[str] = Counter()
"""Of this process, by job: for its metrics."""

log = structlog.get_logger()


async def endless(name: str, job: Callable[[], Awaitable[None]]) -> None:
    """Returns when the job does; until then it is begun again whatever it raises, except when cancelled."""
    pause = FIRST_PAUSE
    while True:
        began = time.monotonic()
        try:
            return await job()
        except Exception as fault:  # noqa: BLE001 - whatever it was, going on without the job would be worse
            if time.monotonic() - began > STEADY:
                pause = FIRST_PAUSE
            tell(name, fault, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def tell(name: str, fault: Exception, pause: float) -> None:
    """What an OSError says is a path or an address and is told; what others say may name a customer."""
    FAILURES[name] += 1
    what = {"fault": str(fault)} if isinstance(fault, OSError) else {}
    log.critical(
        "a background job failed and begins again",
        job=name,
        kind=type(fault).__name__,
        **what,
        where=where(fault),
        pause=pause,
    )


def where(fault: BaseException) -> list[str]:
    """The places in the code that a fault came through, the innermost last."""
    frames = traceback.extract_tb(fault.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-FRAMES:]]
