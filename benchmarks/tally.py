"""What became of the requests of a load: how long each took, counted from when it was due."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np

from benchmarks.client import Reply

FALLBACK = re.compile(rb'"fallback":"([^"]+)"')
"""In the body of an answer that fell back."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """n: answers that count. rate: of them, a second. late_p99_ms: how far the load itself was behind its plan.
    fallbacks: of slates that were not what they could be, by reason."""

    n: int
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float
    errors: int
    fallbacks: dict[str, int]


@dataclass
class Tally:
    """Answers as they come. first: monotonic seconds; requests due before it do not count. count: requests planned."""

    first: float
    count: int = 0
    latencies: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    fired: int = 0
    answered: int = 0
    errors: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    last: float = 0.0
    whole: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, reply: Reply) -> None:
        self.answered += 1
        if self.answered == self.count:
            self.whole.set()
        if reply.status != 200:
            self.errors += 1
        elif reply.due >= self.first:
            self.latencies.append(reply.done - reply.due)
            self.delays.append(reply.sent - reply.due)
            if fallback := FALLBACK.search(reply.body):
                self.fallbacks[fallback[1].decode()] += 1
            self.last = max(self.last, reply.done)

    def outcome(self) -> Outcome:
        took = np.array(self.latencies or [0.0]) * 1000
        return Outcome(
            n=len(self.latencies),
            rate=len(self.latencies) / max(self.last - self.first, 1e-9),
            p50_ms=float(np.percentile(took, 50)),
            p99_ms=float(np.percentile(took, 99)),
            max_ms=float(took.max()),
            late_p99_ms=float(np.percentile(np.array(self.delays or [0.0]), 99)) * 1000,
            errors=self.errors + self.fired - self.answered,
            fallbacks=dict(self.fallbacks),
        )
