"""The open-loop load: a request leaves when it is due, whatever became of those before, from a process of its own.

`python -m benchmarks.load PLAN` (JSON of `Plan`) says `ready`, starts at the next line of its stdin, and ends with one
JSON line of `Outcome`. A request counts from when it was due: what had to wait behind a slow one is slow, too.
"""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import uvloop

from benchmarks.client import Client, Reply
from benchmarks.traffic import event_requests, messages, slate_requests
from benchmarks.workload import Shape

GRACE = 5.0
"""Seconds that the last requests get; those without an answer then are errors."""

NOT_PERSONAL = b'"fallback":""'
"""In the body of an answer that did not fall back."""

DISTINCT = 20_000
"""Questions prepared; asked again in the same order once all were asked."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """per_second: requests (not events); 0 is a closed loop, the next leaves when one is answered. seconds: how long.
    skip: seconds of these that do not count. batch: events of a request. until: of the events, see `workload.events`.
    run: told apart by it, events of one run are not taken for duplicates of another's.
    """

    port: int
    key: str
    kind: Literal["events", "slates"]
    shape: Shape
    until: int = 0
    run: str = ""
    host: str = "127.0.0.1"
    per_second: float = 0.0
    seconds: float = 20.0
    skip: float = 0.0
    batch: int = 20
    events: int = 0
    connections: int = 32


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """n: answers that count. rate: of them, a second. late_p99_ms: how far the load itself was behind its plan."""

    n: int
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float
    errors: int
    fallbacks: int


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
    fallbacks: int = 0
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
            self.fallbacks += reply.body.startswith(b'{"id"') and NOT_PERSONAL not in reply.body
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
            fallbacks=self.fallbacks,
        )


def pace(count: int, per_second: float, start: float, fire: Callable[[int, float], None]) -> None:
    """Calls fire(n, due) for n from 0 when it is due. For a thread: an event loop's clock is a millisecond coarse."""
    for n in range(count):
        due = start + n / per_second
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        fire(n, due)


GIVE_WAY = 0.0002
"""Seconds after which the loop that reads answers lets the thread go on that says when a request is due."""


async def open_loop(client: Client, requests: Sequence[bytes], plan: Plan) -> Outcome:
    """Every request at its time."""
    loop, count = asyncio.get_running_loop(), int(plan.per_second * plan.seconds)
    start = time.monotonic() + 0.01
    tally = Tally(start + plan.skip, count)

    def fire(n: int, due: float) -> None:
        loop.call_soon_threadsafe(client.fire, requests[n % len(requests)], due, tally.hear)
        tally.fired += 1

    pacing = threading.Thread(target=pace, args=(count, plan.per_second, start, fire), daemon=True)
    pacing.start()
    await asyncio.to_thread(pacing.join)
    with suppress(TimeoutError):
        await asyncio.wait_for(tally.whole.wait(), GRACE)
    return tally.outcome()


async def closed_loop(client: Client, requests: Sequence[bytes], plan: Plan) -> Outcome:
    """As many as are answered: events all once, questions until the time is over."""
    supply: Iterator[bytes] = iter(requests) if plan.kind == "events" else cycle(requests)
    start = time.monotonic()
    tally, end = Tally(first=start + plan.skip), start + plan.seconds

    async def sender() -> None:
        for request in supply:
            if plan.kind == "slates" and time.monotonic() >= end:
                return
            tally.fired += 1
            tally.hear(await client.ask(request))

    await asyncio.gather(*(sender() for _ in range(plan.connections)))
    return tally.outcome()


def requests_of(plan: Plan) -> list[bytes]:
    if plan.kind == "slates":
        return slate_requests(plan.shape, DISTINCT, plan.key)
    count = plan.events or int(plan.per_second * plan.seconds) * plan.batch
    return event_requests(messages(plan.shape, count, plan.until, plan.run), plan.batch, plan.key)


async def run(plan: Plan) -> Outcome:
    requests = requests_of(plan)
    client = Client(plan.host, plan.port)
    await client.open(plan.connections)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    outcome = await (open_loop if plan.per_second else closed_loop)(client, requests, plan)
    client.close()
    return outcome


@dataclass(frozen=True)
class Load:
    """A load process that is ready to start."""

    process: subprocess.Popen[bytes]

    def start(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def outcome(self) -> Outcome:
        """Waits for the end. Raises RuntimeError where the load failed."""
        output, _ = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError(f"the load failed with status {self.process.returncode}; its error is above")
        return msgspec.json.decode(output.splitlines()[-1], type=Outcome)


@contextmanager
def load(plan: Plan) -> Iterator[Load]:
    """The process, ready; ended at the end, whatever it does then."""
    command = [sys.executable, "-m", "benchmarks.load", msgspec.json.encode(plan).decode()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the load did not become ready; its error is above")
        yield Load(process)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    sys.setswitchinterval(GIVE_WAY)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(msgspec.json.encode(runner.run(run(plan))).decode(), flush=True)


if __name__ == "__main__":
    main()
