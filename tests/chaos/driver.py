"""Drives events through the system at a rate, with repetitions and poison among them, and keeps the journal."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.chaos.journal import ACKED, Journal, Poison
from tests.chaos.senders import HttpSender, KafkaSender
from tests.chaos.system import System
from tests.chaos.traffic import Sent, Traffic, poison

RECENT = 2_000
"""Events among which a client picks one to send again."""


@dataclass(frozen=True)
class Nuisances:
    """Shares of the events: copies, sent again later; poison, bytes that are no event, beside them."""

    copies: float = 0.02
    poison: float = 0.005


CALM = Nuisances(copies=0.0, poison=0.0)


@dataclass
class Driver:
    """Sends a traffic's events when their time has come. stopped: end early. under_way: there is more to send."""

    system: System
    journal: Journal
    nuisances: Nuisances = field(default_factory=Nuisances)
    stopped: threading.Event = field(default_factory=threading.Event)
    progress: int = 0
    under_way: bool = True
    fault: BaseException | None = None
    _recent: deque[Sent] = field(default_factory=lambda: deque(maxlen=RECENT))

    def drive(self, traffic: Traffic) -> None:
        """Returns when all is acknowledged."""
        kafka = KafkaSender(self.system.settings.broker, idempotent=self.system.settings.idempotent_producer)
        http = HttpSender(self.system.gateway.url, self.system.gateway.keys["admin"])
        draw = Random(traffic.seed + 1)
        began = time.monotonic()
        try:
            for sent in self._paced(traffic, began, traffic.rate):
                self.journal.sent.append(sent)
                (http if sent.http else kafka).send(sent)
                self._annoy(kafka, sent, draw)
        finally:
            self.under_way = False
            kafka.close()
            http.close()

    def _paced(self, traffic: Iterable[Sent], began: float, rate: float) -> Iterator[Sent]:
        for number, sent in enumerate(traffic):
            if self.stopped.is_set():
                return
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.005:
                time.sleep(ahead)
            self.progress = number + 1
            yield sent

    def _annoy(self, kafka: KafkaSender, sent: Sent, draw: Random) -> None:
        self._recent.append(sent)
        again = draw.choice(self._recent)
        # One that is still under way would not be a repetition: the copy might come before it.
        if draw.random() < self.nuisances.copies and again.outcome == ACKED:
            kafka.repeat(again)
            self.journal.copies += 1
        if draw.random() < self.nuisances.poison:
            self.journal.poison.append(Poison(poison(draw, len(self.journal.poison))))
            kafka.poison(sent.topic, self.journal.poison[-1], sent.stamp)


def drive(system: System, journal: Journal, traffic: Traffic, nuisances: Nuisances = CALM) -> None:
    """Sends all of it and returns when it is acknowledged."""
    Driver(system, journal, nuisances).drive(traffic)


@contextmanager
def driving(system: System, journal: Journal, traffic: Traffic, nuisances: Nuisances | None = None) -> Iterator[Driver]:
    """Sends it while the block runs; leaving the block waits until all is acknowledged."""
    driver = Driver(system, journal, nuisances or Nuisances())

    def run() -> None:
        try:
            driver.drive(traffic)
        except BaseException as fault:
            driver.fault = fault
            raise

    thread = threading.Thread(target=run, name="driver", daemon=True)
    thread.start()
    try:
        yield driver
    except BaseException:
        driver.stopped.set()
        raise
    finally:
        thread.join()
    if driver.fault is not None:
        raise driver.fault
