"""What the interpreter does beside answering, and how often: threads that learn take turns, garbage is looked for."""

import gc
import sys

from streams.topics.follower import Follower

GIVE_WAY = 0.0005
"""Seconds after which a thread that learns or loads lets the event loop go on; with Python's own 5 ms each of its turns
would take an answer's whole time."""

YOUNG, MIDDLE, OLD = 20_000, 20, 20
"""When garbage is looked for: after so many new objects (an answer makes some hundred, Python's own 700 are two
answers), and how many such looks make one that goes deeper. Most is freed at once without any look."""


def interrupt_seldom() -> None:
    """For the whole process."""
    sys.setswitchinterval(GIVE_WAY)
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def settle() -> None:
    """Takes all that is alive out of the garbage collector's sight: it stays until the end, and walking over it
    stops every request for 100 ms, several times a minute."""
    gc.collect()
    gc.freeze()


async def settle_again(follower: Follower) -> None:
    """Once the shop is loaded: a hundred thousand items are long-lived, too."""
    await follower.caught_up()
    settle()
