"""`caudal demo`."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from streams.settings import Settings

SPEED = 60_000.0
"""Shop seconds per second by default: 20,000 receipts are seven and a half weeks, and pass in about 75 seconds."""

EVENTS = 20_000
"""Receipts replayed by default."""


def demo(
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    speed: Annotated[float, Parameter(validator=Number(gt=0))] = SPEED,
    events: Annotated[int, Parameter(validator=Number(gte=1))] = EVENTS,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """See it work: a year of real receipts and a simulated shop floor, on this machine.

    Starts an embedded broker and Valkey, a worker and a gateway; plays some months of receipts of a real grocer into
    them while a model is trained on the months before; then replays later receipts through the gateway, asking
    before some of them what it would recommend, and comparing with what was bought. Beside it, simulated customers
    walk past beacons. In the end it recounts, from what was sent and what Redis holds, and prints lines to paste.

    Parameters
    ----------
    once
        End after the replay, instead of running until Ctrl-C.
    json
        Print one JSON object with the figures as the last line of stdout; all else goes to stderr.
    speed
        Seconds of shop time that pass per second of the replay.
    events
        Receipts to replay; the history played before them is three times as many.
    """
    from caudal.demo.show import Options, show

    show(Options(once, json, speed, events), settings or Settings())
