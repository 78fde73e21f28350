"""A worker and a gateway standing on the bench's servers, with the shop and a model: what most questions start from."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bench_system import Bench, Process, train_model
from benchmarks.pipeline import fill
from benchmarks.workload import Shape
from caudal.embedded import free_port
from caudal.system import AT_WORK, READY_TIMEOUT, SERVES, answers

KEY = "bench-app-key"
"""An app's: may send events and read slates."""


@dataclass(frozen=True)
class Standing:
    """All processes at work, their kernels compiled. port: of the gateway on loopback."""

    bench: Bench
    workers: tuple[Process, ...]
    gateway: Process
    port: int

    @property
    def worker(self) -> Process:
        """The first, or the only one."""
        return self.workers[0]

    def worker_cpu_seconds(self) -> float:
        return sum(worker.cpu_seconds() for worker in self.workers)

    def cpu_seconds(self) -> float:
        return self.worker_cpu_seconds() + self.gateway.cpu_seconds()


@contextmanager
def standing(bench: Bench, shape: Shape, workers: int = 1) -> Iterator[Standing]:
    """Raises ChildFailed where one of them does not come up."""
    asyncio.run(fill(bench, shape, 0))
    train_model(bench, shape)
    port = free_port()
    with ExitStack() as stack:
        working = tuple(stack.enter_context(bench.process("worker")) for _ in range(workers))
        gateway = stack.enter_context(bench.process("gateway", host="127.0.0.1", port=str(port), app_keys=KEY))
        gateway.child.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"), READY_TIMEOUT)
        gateway.child.wait_ready(partial(_logged, gateway, SERVES), READY_TIMEOUT)
        for worker in working:
            worker.child.wait_ready(partial(_logged, worker, SERVES), READY_TIMEOUT)
            worker.child.wait_ready(partial(_logged, worker, AT_WORK), READY_TIMEOUT)
        yield Standing(bench, working, gateway, port)


def _logged(process: Process, words: str) -> bool:
    return words in process.child.log.read_text(errors="replace")


def rss_mb(process: Process) -> float:
    """Resident memory, megabytes of 1,000,000 bytes."""
    status = Path(f"/proc/{process.child.process.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) * 1024 / 1e6
