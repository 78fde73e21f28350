"""The open-loop load: a request leaves when it is due, whatever became of those before, from a process of its own.

`python -m benchmarks.load PLAN` (JSON of `Plan`) says `ready`, starts at the next line of its stdin, and ends with one
JSON line of `Outcome`. A request counts from when it was due: what had to wait behind a slow one is slow, too.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Literal

import msgspec
import uvloop

from benchmarks.client import Client
from benchmarks.steady import Steady
from benchmarks.tally import Outcome, Tally
from benchmarks.traffic import event_requests, messages, slate_requests
from benchmarks.workload import Shape

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


def run(plan: Plan) -> Outcome:
    requests = requests_of(plan)
    if not plan.per_second:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_as_many_as_are_answered(requests, plan))
    steady = Steady((plan.host, plan.port), plan.connections)
    _wait_for_the_start()
    return steady.run(requests, plan.per_second, plan.seconds, plan.skip)


async def _as_many_as_are_answered(requests: Sequence[bytes], plan: Plan) -> Outcome:
    client = Client(plan.host, plan.port)
    await client.open(plan.connections)
    await asyncio.to_thread(_wait_for_the_start)
    outcome = await closed_loop(client, requests, plan)
    client.close()
    return outcome


def _wait_for_the_start() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


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
    print(msgspec.json.encode(run(plan)).decode(), flush=True)


if __name__ == "__main__":
    main()
