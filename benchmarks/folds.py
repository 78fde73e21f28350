"""What micro-batches cost in one process without servers: records read, events folded and decided, a commit made of it.

No Kafka, no Redis, no slates: what is left is the interpreter's, so it shows what another build of Python makes of it.
CPU of the best of `--rounds`, each from no customers at all to the last event.
"""

import argparse
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.report import show
from benchmarks.workload import Shape, events, shop
from retail.customers import CustomerState
from retail.events import encode_event
from streams.microbatch import World, customers_of, fold, read_batch, to_commit
from streams.origin import origin_header
from streams.state import Ledger
from streams.topics import WEB

BATCH = 4_000
"""Records of one micro-batch: half a large fetch."""

PARTS = ("read", "fold", "commit")


@dataclass(frozen=True)
class Told:
    """A record, as far as a micro-batch looks at it."""

    offset: int
    value: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass
class Customers:
    """What a partition's owner keeps, and CPU seconds by part."""

    world: World
    ledger: Ledger = field(default_factory=Ledger)
    states: dict[str, CustomerState] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    def apply(self, records: Sequence[Told]) -> None:
        marks = [time.process_time()]
        batch = read_batch(0, self.ledger, records)
        for customer in customers_of(batch):
            if customer in self.states:
                batch.states[customer] = self.states[customer]
        marks.append(time.process_time())
        fold(batch, self.world)
        marks.append(time.process_time())
        commit = to_commit(batch, {})
        marks.append(time.process_time())
        for part, begun, ended in zip(PARTS, marks, marks[1:], strict=False):
            self.seconds[part] += ended - begun
        self.states.update(batch.states)
        self.ledger = Ledger(commit.next, batch.marks)


def records_of(shape: Shape, count: int) -> list[Told]:
    """As `identify` writes them."""
    told = events(shape, count, until=int(time.time() * 1000))
    return [Told(n, encode_event(event), (origin_header(WEB.name, 0, n),)) for n, event in enumerate(told)]


def once(world: World, records: Sequence[Told]) -> dict[str, float]:
    customers = Customers(world)
    for first in range(0, len(records), BATCH):
        customers.apply(records[first : first + BATCH])
    return customers.seconds


def figures(seconds: dict[str, float], count: int) -> dict[str, float | int]:
    """seconds: CPU by part."""
    parts = {f"{part}_cpu_us_per_event": spent / count * 1e6 for part, spent in seconds.items()}
    return {"events": count, **parts, "cpu_us_per_event": sum(seconds.values()) / count * 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000, help="of 20,000 customers (default 60,000)")
    parser.add_argument("--rounds", type=int, default=4, help="turns, of which the best counts (default 4)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    world, records = World(shop(Shape())), records_of(Shape(), given.events)
    gc.collect()
    gc.freeze()
    rounds = [once(world, records) for _ in range(given.rounds)]
    best = min(rounds, key=lambda seconds: sum(seconds.values()))
    show("Micro-batches in one process", figures(best, given.events), as_json=given.json)


if __name__ == "__main__":
    main()
