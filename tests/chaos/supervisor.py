"""Starts workers and gateways again when they end, as systemd or Kubernetes would, and remembers every end."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from caudal.child import Child

LOOK_EVERY = 0.05
"""Seconds between two looks."""

PAUSE = 0.5
"""Seconds before a process that ended is started again."""

STOP_TIMEOUT = 40.0
"""Seconds for a process to stop; its own hard exit comes first."""


@dataclass(frozen=True)
class Ending:
    """status: as of a process, negative for a signal. meant: we ended it ourselves. log: what this life wrote."""

    slot: int
    status: int
    meant: bool
    log: str


@dataclass
class Supervisor:
    """start: a process for a slot; the first life of a slot gets faults, later ones none."""

    start: Callable[[int, str], Child]
    endings: list[Ending] = field(default_factory=list)
    _children: dict[int, Child] = field(default_factory=dict)
    _begun: dict[int, int] = field(default_factory=dict)
    _meant: set[int] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _resting: bool = False

    @property
    def slots(self) -> list[int]:
        return sorted(self._children)

    def add(self, slot: int, faults: str = "") -> None:
        """One more; it is looked after until it is removed. faults: CAUDAL_FAULTS of its first life."""
        with self._lock:
            self._begin(slot, faults)
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
            self._thread.start()

    def remove(self, slot: int) -> int:
        """SIGTERM, for good; the exit status."""
        with self._lock:
            child = self._children.pop(slot)
        self._continue(child)
        child.stop(STOP_TIMEOUT)
        self._note(slot, child, meant=True)
        return child.process.returncode

    def signal(self, slot: int, number: int) -> None:
        with self._lock:
            if number in (signal.SIGKILL, signal.SIGTERM):
                self._meant.add(slot)
            if self._children[slot].process.poll() is None:
                os.killpg(self._children[slot].process.pid, number)

    def child(self, slot: int) -> Child:
        return self._children[slot]

    def life(self, slot: int) -> str:
        """What the present life has logged."""
        return self._written(slot, self._children[slot])

    def stop(self) -> None:
        """All of them, side by side; no one is started again until one is added."""
        with self._lock:
            self._resting = True
            for child in self._children.values():
                self._continue(child)
                child.ask_to_stop()
        for slot in self.slots:
            self.remove(slot)
        # Only now: Linux ends what a thread has started when the thread ends.
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._thread, self._resting = None, False
        self._over.clear()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            with self._lock:
                ended = (
                    []
                    if self._resting
                    else [slot for slot, child in self._children.items() if child.process.poll() is not None]
                )
            for slot in ended:
                self._revive(slot)

    def _revive(self, slot: int) -> None:
        with self._lock:
            child = self._children.get(slot)
            if child is None:
                return
            self._note(slot, child, meant=slot in self._meant)
            self._meant.discard(slot)
        time.sleep(PAUSE)
        with self._lock:
            if slot in self._children and not self._resting:
                self._begin(slot, "")

    def _begin(self, slot: int, faults: str) -> None:
        child = self._children[slot] = self.start(slot, faults)
        self._begun[slot] = child.log.stat().st_size

    def _note(self, slot: int, child: Child, *, meant: bool) -> None:
        self.endings.append(Ending(slot, child.process.returncode, meant, self._written(slot, child)))

    def _written(self, slot: int, child: Child) -> str:
        with child.log.open("rb") as log:
            log.seek(self._begun[slot])
            return log.read().decode(errors="replace")

    @staticmethod
    def _continue(child: Child) -> None:
        if child.process.poll() is None:
            os.killpg(child.process.pid, signal.SIGCONT)
