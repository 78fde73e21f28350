"""The tunable numbers of the decisions, each once."""

from dataclasses import dataclass
from datetime import time, timedelta


@dataclass(frozen=True)
class GatePolicy:
    """When a customer may be contacted.

    quiet_from, quiet_until: local time of the store. cap, cap_window: pushes at most in a rolling window.
    just_bought: silence after a purchase. dismissed: silence after the customer waved a push away.
    shelf_life: how long an in-store push stays worth showing.
    """

    quiet_from: time = time(22)
    quiet_until: time = time(8)
    cap: int = 3
    cap_window: timedelta = timedelta(days=1)
    just_bought: timedelta = timedelta(minutes=30)
    dismissed: timedelta = timedelta(hours=4)
    shelf_life: timedelta = timedelta(minutes=30)
