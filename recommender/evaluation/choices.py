"""Choices that were left to chance, as a file tells of them: what could have been shown, what was, what came of it.

One JSON object a line, as `caudal outcomes` writes them from the `outcomes` topic.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-6
"""By which probabilities may miss 1: they may be written with few digits."""


class Reward(StrEnum):
    """What counts as a success of an item."""

    CLICKED = "clicked"
    ADDED = "added"
    BOUGHT = "bought"
    REDEEMED = "redeemed"


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place of one answer that came on the screen. position: from 1. at: milliseconds. source: of the item shown.

    candidates: what could have stood there, probabilities: of each, as the answer was drawn; the item among them.
    target: the probabilities of a policy that is to be judged by this file, None where it says nothing of one.
    """

    answer: str
    customer: str
    placement: str
    position: int
    item: str
    candidates: tuple[str, ...]
    probabilities: tuple[float, ...]
    at: int = 0
    model: str = ""
    store: str = ""
    source: str = ""
    clicked: bool = False
    added: bool = False
    bought: bool = False
    redeemed: bool = False
    target: tuple[float, ...] | None = None


class BadChoice(ValueError):
    """A line of the file cannot be used; its message names the line."""


def read_choices(file: Path) -> list[Choice]:
    """Raises BadChoice, OSError."""
    choices: list[Choice] = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                choices.append(_read(line, f"{file}:{number}"))
    return choices


def _read(line: bytes, where: str) -> Choice:
    try:
        choice = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadChoice(f"{where}: {fault}; each line is one choice, as `caudal outcomes` writes it") from fault
    fault_found = _fault(choice)
    if fault_found:
        raise BadChoice(f"{where}: {fault_found}")
    return choice


def _fault(choice: Choice) -> str:
    if choice.item not in choice.candidates:
        return f"item {choice.item!r} is not among the candidates"
    for name, given in (("probabilities", choice.probabilities), ("target", choice.target)):
        if given is None:
            continue
        if len(given) != len(choice.candidates):
            return f"{name}: {len(given)} numbers for {len(choice.candidates)} candidates"
        if min(given) < 0.0 or abs(sum(given) - 1.0) > TOLERANCE * len(given):
            return f"{name}: they must be 0 or more and add up to 1, and add up to {sum(given):g}"
    if choice.probabilities[choice.candidates.index(choice.item)] <= 0.0:
        return f"item {choice.item!r} was shown, so its probability cannot be 0"
    return ""


def rewards(choices: Sequence[Choice], reward: Reward) -> NDArray[np.float64]:
    """(N,) 1 where the item shown had the success."""
    return np.array([getattr(choice, reward) for choice in choices], np.float64)


def groups(choices: Sequence[Choice]) -> NDArray[np.int64]:
    """(N,) a number per customer: what one customer does on several occasions is not independent."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(choice.customer, len(numbers)) for choice in choices], np.int64)


def write_choices(choices: Iterable[Choice]) -> bytes:
    return b"".join(msgspec.json.encode(choice) + b"\n" for choice in choices)


_decoder = msgspec.json.Decoder(Choice)
