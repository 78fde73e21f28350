"""How far a training is: told to a callback, or line by line to another process."""

import sys
from collections.abc import Callable

import msgspec

Progress = Callable[[str, float], None]
"""Told what is being done and how much of all is done, 0 to 1."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. version: of the published model, in the last line."""

    doing: str
    done: float
    version: str = ""


def silent(_doing: str, _done: float) -> None:
    """The progress of nobody."""


def tell(doing: str, done: float, version: str = "") -> None:
    """Writes a line that `parse` reads."""
    sys.stdout.write(msgspec.json.encode(Told(doing, done, version)).decode() + "\n")
    sys.stdout.flush()


def parse(line: str) -> Told:
    """Raises msgspec.DecodeError on any other line."""
    return msgspec.json.decode(line, type=Told)
