"""A child process on a leash: its log in a file, its end noticed, nothing of it left when we go."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from caudal import leash

TAIL = 15
"""Lines of a log that an error shows."""

LOOK_EVERY = 0.02
"""Seconds between two looks at whether a starting child is ready."""


class ChildFailed(Exception):
    """A child process ended by itself, or was not ready in time. The message ends with the tail of its log."""


@dataclass
class Child:
    """name: how messages call it. log: where its output goes."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> "Child":
        """Call it from the main thread: Linux ends the child when the *thread* that started it ends.

        environment: added to our own. The child gets its own process group, so that Ctrl-C reaches us alone
        and children are stopped in order.
        """
        leashed = [sys.executable, "-IS", leash.__file__, str(os.getpid()), *command]
        with log.open("ab") as out:
            process = subprocess.Popen(
                leashed,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                process_group=0,
            )
        return cls(name, log, process)

    def wait_ready(self, ready: Callable[[], bool], timeout: float) -> None:
        """Raises ChildFailed when the child ends first or `timeout` (seconds) passes."""
        deadline = monotonic() + timeout
        while not ready():
            self.check()
            if monotonic() > deadline:
                raise ChildFailed(f"{self.name} was not ready within {timeout:.0f} s.{self.tail()}")
            sleep(LOOK_EVERY)

    def wait_over(self, timeout: float) -> None:
        """For a child that ends when its work is done. Raises ChildFailed where it fails, or takes longer (seconds)."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired as fault:
            raise ChildFailed(f"{self.name} took longer than {timeout:.0f} s.{self.tail()}") from fault
        if status:
            raise ChildFailed(f"{self.name} failed with {_ending(status)}.{self.tail()}")

    def check(self) -> None:
        """Raises ChildFailed where the child is gone."""
        status = self.process.poll()
        if status is not None:
            raise ChildFailed(f"{self.name} ended by itself with {_ending(status)}.{self.tail()}")

    def tail(self) -> str:
        """The last lines of the log, as the end of a message."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL:]
        if not lines:
            return " It logged nothing."
        return "\n".join([f" The end of {self.log}:", *(f"  {line}" for line in lines)])

    def stop(self, timeout: float) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds. Harmless for a child that is gone."""
        self.ask_to_stop()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask_to_stop(self) -> None:
        """SIGTERM without waiting, so that several children can stop side by side."""
        if self.process.poll() is None:
            self.process.terminate()


def _ending(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
