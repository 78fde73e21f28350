"""One run of the demo: which receipts are past and which present, who is on the floor, what has come of it so far."""

from dataclasses import dataclass, field
from functools import cached_property

from rich.console import Console

from caudal.demo.cast import Walker
from caudal.demo.journal import Journal
from caudal.demo.lines import Guest
from caudal.demo.receipts import Receipts
from caudal.demo.screen import Stand
from caudal.demo.taste import Taste, best_sellers
from caudal.demo.training import Training
from caudal.demo.year import Year
from caudal.system import System

HISTORY = 3
"""Receipts of the past for each one that is replayed: at the default four to five months, in which habits show."""

RECEIPTS_A_WALKER = 100
"""Receipts replayed for each walker on the floor, so that a short demo has a short cast."""

FEWEST_WALKERS = 30
"""Walkers on the floor at least: fewer do not show every way a push can go."""


@dataclass
class Run:
    """What is fixed before the first event. name: prefix of all message ids. speed: shop seconds per second.

    guest: the customer of the printed lines, who takes no part. started: monotonic seconds, when the command began.
    """

    year: Year
    system: System
    training: Training
    cast: list[Walker]
    guest: Guest
    name: str
    speed: float
    events: int
    started: float
    console: Console
    journal: Journal = field(default_factory=Journal)
    rate: float = 0.0

    @cached_property
    def taste(self) -> Taste:
        return Taste(best_sellers(self.year.receipts.between(0, self.year.split)))

    @cached_property
    def stand(self) -> Stand:
        return Stand(self.journal, self.taste)

    @cached_property
    def present(self) -> Receipts:
        """The receipts to replay: the first after the training months."""
        first = self.year.split
        return self.year.receipts.between(first, min(first + self.events, len(self.year.receipts)))

    @cached_property
    def past(self) -> Receipts:
        last = self.year.split
        return self.year.receipts.between(max(0, last - HISTORY * len(self.present)), last)

    @property
    def walkers(self) -> list[Walker]:
        return self.cast[: max(FEWEST_WALKERS, len(self.present) // RECEIPTS_A_WALKER)]

    @property
    def unmeasured(self) -> frozenset[str]:
        """Customers to whom something happens that is not in the data set."""
        return frozenset({self.guest.customer, *(walker.customer for walker in self.walkers)})

    @property
    def customers(self) -> list[str]:
        """Everybody whose state the run may change."""
        real = {str(household) for part in (self.past, self.present) for household in part.household.tolist()}
        return sorted(real | self.unmeasured)
