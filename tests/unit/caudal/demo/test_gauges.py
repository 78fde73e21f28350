"""The display reads the worker's metrics as the worker writes them."""

from prometheus_client import generate_latest

from caudal.demo.gauges import Gauges, read_gauges
from streams.meters import Meters


def test_the_worker_s_metrics_are_read() -> None:
    meters = Meters()
    meters.journeyed({"applied": 5, "push": 2, "withheld_quiet_hours": 3})
    meters.slated("made", 4)
    meters.slated("shed", 1)
    meters.stands(0, 10, 0.5)
    meters.stands(1, 10, 2.5)
    gauges = read_gauges(generate_latest(meters.registry).decode())
    assert gauges == Gauges(applied=5, slates=4, shed=1, pushes=2, lag=2.5, withheld={"quiet_hours": 3})


def test_a_worker_that_does_not_answer_yet_shows_zeros() -> None:
    assert read_gauges("") == Gauges()
