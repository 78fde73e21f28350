"""The open loop, by one thread that does nothing else: each request leaves when it is due, answers are heard meanwhile.

An event loop counts in milliseconds, and a thread beside it that counts better waits for its turn each time: what an
answer takes is not much more than that.
"""

import ctypes
import select
import socket
import time
from collections import deque
from collections.abc import Sequence

from benchmarks.client import LOST, Reply, body_of
from benchmarks.tally import Outcome, Tally

GRACE = 5.0
"""Seconds that the last requests get; those without an answer then are errors."""

PR_SET_TIMERSLACK = 29
"""The prctl option (linux/prctl.h) that says by how many nanoseconds a wait may be too long."""

SLACK = 1_000
"""Nanoseconds; Linux's own are 50,000."""

Address = tuple[str, int]


class Wire:
    """A connection, and the request it is busy with. due, sent: of that, monotonic seconds."""

    def __init__(self, address: Address) -> None:
        """Raises OSError."""
        self._address = address
        self._socket = self._opened()
        self._received = b""
        self.due = self.sent = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes, due: float) -> None:
        self.due, self.sent, self._received = due, time.monotonic(), b""
        try:
            self._socket.sendall(request)
        except OSError:
            """The next look at it finds it broken."""

    def heard(self) -> Reply | None:
        """Call it when there is something to read. None while the answer is not there whole. Raises OSError where the
        connection cannot be opened anew."""
        try:
            piece = self._socket.recv(1 << 16)
        except OSError:
            piece = b""
        if not piece:
            self._socket.close()
            self._socket = self._opened()
            return Reply(self.due, self.sent, time.monotonic(), LOST, b"")
        self._received += piece
        body = body_of(self._received)
        return None if body is None else Reply(self.due, self.sent, time.monotonic(), int(self._received[9:12]), body)

    def close(self) -> None:
        self._socket.close()

    def _opened(self) -> socket.socket:
        opened = socket.create_connection(self._address)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class Steady:
    """Requests go out on whichever connection is free, and wait for one where none is: the wait is part of the time."""

    def __init__(self, address: Address, connections: int) -> None:
        """Raises OSError."""
        self._idle = [Wire(address) for _ in range(connections)]
        self._busy: set[Wire] = set()
        self._waiting: deque[tuple[bytes, float]] = deque()

    def run(self, requests: Sequence[bytes], per_second: float, seconds: float, skip: float = 0.0) -> Outcome:
        """skip: of the seconds, those that do not count."""
        _wake_in_time()
        count, start = int(per_second * seconds), time.monotonic() + 0.01
        tally, end = Tally(start + skip, count), start + seconds + GRACE
        while tally.answered < count and (now := time.monotonic()) < end:
            due = start + tally.fired / per_second
            if tally.fired < count and due <= now:
                self._fire(requests[tally.fired % len(requests)], due)
                tally.fired += 1
            else:
                self._hear(tally, (due if tally.fired < count else end) - now)
        for wire in (*self._idle, *self._busy):
            wire.close()
        return tally.outcome()

    def _fire(self, request: bytes, due: float) -> None:
        if not self._idle:
            self._waiting.append((request, due))
            return
        wire = self._idle.pop()
        self._busy.add(wire)
        wire.send(request, due)

    def _hear(self, tally: Tally, patience: float) -> None:
        """patience: seconds until something else is to be done."""
        for wire in select.select(self._busy, (), (), patience)[0]:
            reply = wire.heard()
            if reply is None:
                continue
            tally.hear(reply)
            if self._waiting:
                wire.send(*self._waiting.popleft())
            else:
                self._busy.discard(wire)
                self._idle.append(wire)


def _wake_in_time() -> None:
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_TIMERSLACK, SLACK, 0, 0, 0)
