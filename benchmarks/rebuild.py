"""How long a Redis that lost everything takes to come back: from the log alone, and from snapshots with the log's end.

Between the two, what a snapshot costs a worker in CPU and Kafka in bytes. `--events` for more or fewer.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import replace

from benchmarks.bench_system import Bench, bench_system
from benchmarks.pipeline import fill
from benchmarks.report import show
from benchmarks.workload import Shape
from streams.log_reader import LogReader
from streams.meters import Meters
from streams.ownership import Ownership
from streams.snapshot_rounds import SnapshotRounds
from streams.snapshots import MARKER_KEY
from streams.state import Commit
from streams.state.redis import RedisState
from streams.topics import CUSTOMER_SNAPSHOTS
from streams.topics.partitions import partition_of


def rebuild(bench: Bench, *arguments: str) -> tuple[float, list[dict[str, float]]]:
    """Seconds, start of the process included, and what the command reports."""
    started = time.monotonic()
    command = [sys.executable, "-m", "caudal", "rebuild", "--json", *arguments]
    output = subprocess.run(command, env=bench.environment(), stdout=subprocess.PIPE, text=True, check=True)
    return time.monotonic() - started, json.loads(output.stdout.strip().splitlines()[-1])["partitions"]


async def snapshot_all(bench: Bench, shape: Shape) -> tuple[int, float]:
    """One round of every partition with all customers, at full speed; customers and CPU seconds of this process."""
    state = RedisState.from_settings(bench.settings)
    owned = Ownership(0, bench.settings.customer_partitions)
    rounds = SnapshotRounds.from_settings(bench.settings, state, owned, Meters())
    rounds.pace = replace(rounds.pace, rate=float("inf"))
    customers: dict[int, dict[str, bytes]] = {n: {} for n in range(bench.settings.customer_partitions)}
    for n in range(shape.customers):
        name = f"customer-{n}"
        customers[partition_of(name, bench.settings.customer_partitions)][name] = b""
    written, began = 0, time.process_time()
    for partition, states in customers.items():
        ledger = await state.ledger(partition)
        owned.took(partition, ledger)
        rounds.committed(Commit(partition, 0, ledger.next, {}, states, {}), 0.0)
        written += await rounds.round(partition)
    seconds = time.process_time() - began
    await state.close()
    return written, seconds


async def snapshot_bytes(bench: Bench) -> int:
    """Keys, values and headers of all states in the topic."""
    reader, size = LogReader(bench.broker), 0
    for partition in range(bench.settings.customer_partitions):
        async for page in reader.read_all(CUSTOMER_SNAPSHOTS.name, partition):
            for record in page:
                if record.key != MARKER_KEY:
                    size += len(record.key or b"") + len(record.value or b"")
                    size += sum(len(name) + len(value or b"") for name, value in record.headers)
    return size


def run(bench: Bench, shape: Shape, count: int) -> dict[str, float | int]:
    asyncio.run(fill(bench, shape, count))
    seconds, partitions = rebuild(bench, "--from-log")
    written, cpu = asyncio.run(snapshot_all(bench, shape))
    size = asyncio.run(snapshot_bytes(bench))
    bench.redis.flushdb()
    restored, again = rebuild(bench)
    return {
        "events": count,
        "log_seconds": seconds,
        "log_events_per_second": sum(one["read"] for one in partitions) / seconds,
        "customers": written,
        "snapshot_bytes_per_customer": size / written,
        "snapshot_cpu_us_per_customer": cpu / written * 1e6,
        "snapshot_restore_seconds": restored,
        "records_read_after_snapshot": int(sum(one["read"] for one in again)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the topic (default 1,000,000)")
    parser.add_argument("--customers", type=int, default=20_000, help="customers they are of (default 20,000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    with bench_system() as bench:
        figures = run(bench, Shape(customers=arguments.customers), arguments.events)
        show("A Redis that lost everything", figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
