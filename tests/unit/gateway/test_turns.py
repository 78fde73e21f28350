"""Who answers asks for short turns; threads started beside it do not, and nobody is more important than before."""

import ctypes
import os
import platform
import threading
from collections.abc import Callable

import pytest

from gateway.turns import ATTRIBUTES, SCHED_SETATTR, TURN, take_short_turns

KERNEL = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2]) if os.name == "posix" else (0, 0)
KNOWS_TURNS = platform.system() == "Linux" and platform.machine() in SCHED_SETATTR and KERNEL >= (6, 12)

linux = pytest.mark.skipif(not KNOWS_TURNS, reason="this kernel has turns of one length for all")


def turn() -> int:
    """Nanoseconds, of the calling thread."""
    told = ctypes.create_string_buffer(ATTRIBUTES.size)
    ctypes.CDLL(None).syscall(SCHED_SETATTR[platform.machine()] + 1, 0, told, ATTRIBUTES.size, 0)
    return int(ATTRIBUTES.unpack(told.raw)[5])


def in_a_thread(do: Callable[[], None]) -> None:
    """What is asked for stays with a thread until it ends."""
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


@linux
def test_who_answers_takes_short_turns_and_who_learns_beside_it_does_not() -> None:
    turns = []

    def answering() -> None:
        take_short_turns()
        turns.append(turn())
        in_a_thread(lambda: turns.append(turn()))

    in_a_thread(answering)
    assert turns[0] == TURN != turns[1]


@linux
def test_nobody_becomes_more_important() -> None:
    nice = []

    def answering() -> None:
        take_short_turns()
        nice.append(os.getpriority(os.PRIO_PROCESS, 0))

    in_a_thread(answering)
    assert nice == [os.getpriority(os.PRIO_PROCESS, 0)]


def test_on_any_other_system_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "pdp11")
    take_short_turns()
