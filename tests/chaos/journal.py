"""The journal: what was sent, in which order, and what became of it.

Beside the logs themselves it is all that the checker believes.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.chaos.traffic import Sent

ACKED = "acked"
MAYBE = "maybe"
"""Sent without an answer: it may be there, once, or not."""


class Poison(msgspec.Struct, gc=False):
    """source: `topic/partition/offset`, as Kafka acknowledged it; "" where it did not."""

    raw: bytes
    source: str = ""


@dataclass
class Journal:
    """sent: in order, each event once. copies: how many were sent once more by a client that repeats itself.

    foreign: bytes that were written where only the system writes, and that its readers skip.
    """

    sent: list[Sent] = field(default_factory=list)
    poison: list[Poison] = field(default_factory=list)
    copies: int = 0
    foreign: set[bytes] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.sent)

    def by_message(self) -> dict[str, Sent]:
        return {sent.message: sent for sent in self.sent}

    def unsure(self) -> int:
        return sum(sent.outcome != ACKED for sent in self.sent)

    def write(self, path: Path) -> None:
        """One JSON object a line, to look at after a run that went wrong."""
        with path.open("wb") as out:
            for entry in (*self.sent, *self.poison):
                out.write(msgspec.json.encode(entry) + b"\n")


def carts(events: Iterable[Sent]) -> dict[str, dict[str, int]]:
    """Each customer's cart, recounted without the folds. events: those that count, in the order of their sending."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for sent in events:
        cart = found[sent.customer]
        if sent.kind == "Product Added":
            cart[sent.subject] = cart.get(sent.subject, 0) + sent.quantity
        elif sent.kind == "Product Removed":
            cart[sent.subject] = cart.get(sent.subject, 0) - sent.quantity
        if sent.kind == "Order Completed" or cart.get(sent.subject, 1) <= 0:
            cart.pop(sent.subject, None)
    return dict(found)


def orders(events: Iterable[Sent]) -> dict[str, int]:
    """Each customer's purchases, recounted."""
    found: dict[str, int] = defaultdict(int)
    for sent in events:
        found[sent.customer] += sent.kind == "Order Completed"
    return dict(found)


def counted(journal: Journal, present: set[str]) -> Iterator[Sent]:
    """What must have had an effect: acknowledged or found in the logs, and not of something unknown to the shop."""
    return (s for s in journal.sent if not s.refused and (s.outcome == ACKED or s.message in present))


def devices(events: Iterable[Sent]) -> dict[str, str]:
    """The customer of each anonymous profile: those that an event names together with one. events: those stored."""
    return {f"anonymous:{sent.device}": sent.customer for sent in events if sent.known and sent.device}


def read_journal(path: Path) -> Iterator[dict[str, object]]:
    """What `Journal.write` wrote."""
    with path.open("rb") as lines:
        yield from map(json.loads, lines)
