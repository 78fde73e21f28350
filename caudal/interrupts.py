"""Being told to stop: SIGTERM counts as Ctrl-C, and a second one does not disturb the tidying up."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> tuple[signal.Signals, ...]:
    """Those that ask to stop. What `nohup` or a shell had us ignore stays ignored."""
    return tuple(number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)


def end_at_once() -> None:
    """From here on each of the signals ends the process well: it has begun nothing yet."""
    for number in heeded():
        signal.signal(number, lambda *_: os._exit(0))


def heed_interrupts() -> None:
    """From here on each of the signals raises KeyboardInterrupt in the main thread."""
    for number in heeded():
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block that the signals do not end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
