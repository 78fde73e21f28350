"""How fresh slates are: from an event accepted over HTTP until the slate that knows of it can be read in Redis.

A load process sends events at a steady rate, open loop; beside it some probes a second, each the first event of a
customer nobody has seen, so that any slate of theirs is the fresh one. Redis is asked for the outstanding ones every
millisecond. CPU is of worker and gateway together, per event applied, servers and load apart. Each event is due at its
time, whatever became of those before, and late ones count from when they were due: nothing is left out because the
system was slow. `--half` first finds the most that the chain takes, and then measures at half of that.
"""

import argparse
import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import uvloop

from benchmarks.bench_system import bench_system
from benchmarks.client import Client
from benchmarks.load import Load, Plan, load
from benchmarks.pipeline import Ledgers
from benchmarks.report import Figures, show
from benchmarks.standing import KEY, Standing, rss_mb, standing
from benchmarks.tally import Outcome
from benchmarks.traffic import post
from benchmarks.workload import Shape
from retail.slates import decode_slate
from streams.state import keys
from streams.state.calls import Calls
from streams.topics.partitions import partition_of

PROBES = 25
"""Probes a second: enough for a p99 within seconds, few enough not to be the load."""

MOST_EVENTS = 60_000
"""Events sent as fast as they are taken, in requests as they will be, to find the most the chain does; the first tenth
does not count."""

WARM_UP = 4.0
"""Seconds of load before anything counts: connections and caches are warm then."""

LOOK_EVERY = 0.001
"""Seconds between two looks at the slates that are awaited."""

GIVE_UP = 10.0
"""Seconds after which a slate that did not come counts as missing, with this time."""

REDIS_TIMEOUT = 5.0


@dataclass(eq=False)
class Probe:
    """One event, followed. Times are monotonic seconds: sent is when it was due; seen stays 0 where no slate came."""

    customer: str
    sent: float = 0.0
    accepted: float = 0.0
    seen: float = 0.0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Watch:
    """Follows probes. waiting: accepted, their slates not yet readable."""

    client: Client
    calls: Calls
    partitions: int
    waiting: list[Probe] = field(default_factory=list)

    async def follow(self, probe: Probe, item: str) -> None:
        """Returns when its slate is there, or will not be. Raises RuntimeError where the event is not accepted."""
        body = {"event": "Product Viewed", "userId": probe.customer, "properties": {"product_id": item}}
        reply = await self.client.ask(post("/v1/track", {**body, "messageId": probe.customer}, KEY))
        if reply.status != 200:
            raise RuntimeError(f"a probe was answered {reply.status}: {reply.body.decode(errors='replace')}")
        probe.sent, probe.accepted = reply.due, reply.done
        self.waiting.append(probe)
        with suppress(TimeoutError):
            await asyncio.wait_for(probe.arrived.wait(), GIVE_UP)

    async def look(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self.waiting:
                await self._look_once()

    async def _look_once(self) -> None:
        places = [keys.slate(partition_of(probe.customer, self.partitions), probe.customer) for probe in self.waiting]
        asked = list(self.waiting)
        found = await self.calls.call(b"MGET", *places)
        now = time.monotonic()
        assert isinstance(found, list)
        for probe, slate in zip(asked, found, strict=True):
            if slate is not None and decode_slate(slate).version >= 1:
                probe.seen = now
                probe.arrived.set()
                self.waiting.remove(probe)


async def follow(system: Standing, seconds: float) -> list[Probe]:
    """Sends probes for so long, and waits for their slates."""
    settings = system.bench.settings
    client, calls = Client("127.0.0.1", system.port), Calls(settings.redis_url, timeout=REDIS_TIMEOUT)
    await client.open(4)
    watch = Watch(client, calls, settings.customer_partitions)
    looking = asyncio.create_task(watch.look())
    probes = [Probe(f"stranger-{n}") for n in range(int(seconds * PROBES))]
    start, following = time.monotonic(), []
    for n, probe in enumerate(probes):
        await asyncio.sleep(start + n / PROBES - time.monotonic())
        following.append(asyncio.create_task(watch.follow(probe, f"item-{n % 1000}")))
    await asyncio.gather(*following)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    client.close()
    await calls.close()
    return probes


def most_events_per_second(system: Standing, shape: Shape, batch: int) -> float:
    """What the chain applies while the gateway takes as much as it can, from the first tenth to the last event."""
    until = int(time.time() * 1000)
    plan = Plan(port=system.port, key=KEY, kind="events", shape=shape, until=until, batch=batch, events=MOST_EVENTS)
    ledgers = Ledgers(system.bench, 0)
    with load(plan) as sending:
        sending.start()
        ledgers.wait(MOST_EVENTS // 10)
        first, started = ledgers.applied(), time.monotonic()
        ledgers.wait(MOST_EVENTS)
        return (MOST_EVENTS - first) / (time.monotonic() - started)


def measure(system: Standing, sending: Load, seconds: float) -> Figures:
    """seconds: that count, after the warm-up."""
    ledgers = Ledgers(system.bench, 0)
    sending.start()
    time.sleep(WARM_UP)
    applied, cpu, started = ledgers.applied(), system.cpu_seconds(), time.monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        probes = runner.run(follow(system, seconds))
    applied, cpu = ledgers.applied() - applied, system.cpu_seconds() - cpu
    took = time.monotonic() - started
    figures = {**_figures(probes, sending.outcome()), "events_per_second": applied / took}
    return {
        **figures,
        "cpu_us_per_event": cpu / applied * 1e6,
        "worker_rss_mb": rss_mb(system.worker),
        "gateway_rss_mb": rss_mb(system.gateway),
        "load_average": os.getloadavg()[0],
    }


def _figures(probes: list[Probe], sent: Outcome) -> Figures:
    fresh = [(probe.seen - probe.accepted if probe.seen else GIVE_UP) * 1000 for probe in probes]
    whole = [(probe.seen - probe.sent if probe.seen else GIVE_UP) * 1000 for probe in probes]
    return {
        "p50_ms": float(np.percentile(fresh, 50)),
        "p99_ms": float(np.percentile(fresh, 99)),
        "n": len(probes),
        "missing": sum(not probe.seen for probe in probes),
        "from_send_p50_ms": float(np.percentile(whole, 50)),
        "from_send_p99_ms": float(np.percentile(whole, 99)),
        "accept_p50_ms": sent.p50_ms,
        "accept_p99_ms": sent.p99_ms,
        "accept_errors": sent.errors,
        "load_late_p99_ms": sent.late_p99_ms,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rate", "--events-per-second", type=float, default=1000, help="events a second (default 1,000)"
    )
    parser.add_argument("--half", action="store_true", help="instead: half of the most the chain takes")
    parser.add_argument("--seconds", type=float, default=20, help="that count, after a warm-up (default 20)")
    parser.add_argument("--single", action="store_true", help="an event a request, not 20")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    shape, batch = Shape(), 1 if arguments.single else 20
    lasts = WARM_UP + arguments.seconds + 1
    with bench_system() as bench, standing(bench, shape) as system:
        most = most_events_per_second(system, shape, batch) if arguments.half else 0.0
        rate = most / 2 or arguments.rate
        plan = Plan(
            port=system.port,
            key=KEY,
            kind="events",
            shape=shape,
            until=int((time.time() + lasts) * 1000),
            per_second=rate / batch,
            run="steady-",
            seconds=lasts,
            skip=WARM_UP,
            batch=batch,
        )
        with load(plan) as sending:
            figures = {**measure(system, sending, arguments.seconds), "rate": rate, "most": most}
            show("Event accepted to fresh slate", figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
