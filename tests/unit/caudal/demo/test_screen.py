"""What is shown while the demo runs: on a terminal a panel, elsewhere lines; both tell the same."""

from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from caudal.demo.gauges import Gauges
from caudal.demo.journal import Journal
from caudal.demo.receipts import Receipt
from caudal.demo.screen import Screen, Stand
from caudal.demo.taste import Taste


def stand() -> Stand:
    ones = np.ones(3, np.int32)
    taste = Taste(popular=("9",))
    taste.judge(Receipt(1, 7, 367, 0, np.array([1, 2, 3], np.int32), ones, ones), {"3"})
    gauges = Gauges(applied=40, slates=12, pushes=3, withheld={"quiet_hours": 2})
    return Stand(Journal(events=41), taste, "replay", 5, 10, gauges)


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_everything_that_happened_is_shown(terminal: bool) -> None:
    console = Console(file=StringIO(), force_terminal=terminal, width=140)
    screen = Screen(console)
    with screen.open():
        screen.show(stand())
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    for told in ("replay", "41 sent", "40 applied", "12 warm", "quiet_hours 2", "1.000, best-sellers 0.000"):
        assert told in shown
