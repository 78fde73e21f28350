"""The display reads the worker's metrics as the worker writes them."""

from prometheus_client import generate_latest

from caudal.demo.gauges import Gauges, read_gauges
from streams.meters import Meters
from streams.patience import Waits
from streams.standing import StandingCollector
from tests.unit.streams.test_standing import PLACE, standing_at


def test_the_worker_s_metrics_are_read() -> None:
    meters = Meters()
    meters.journeyed("customer-events", 0, {"applied": 5, "push": 2, "withheld_quiet_hours": 3})
    meters.slated("made", 4)
    meters.slated("shed", 1)
    standing, at = standing_at(committed={PLACE: 7}, ends={PLACE: 10})
    standing.look(at - 2.5)
    meters.registry.register(StandingCollector(standing, dict, Waits()))
    gauges = read_gauges(generate_latest(meters.registry).decode())
    assert gauges.lag >= 2.5
    shown = Gauges(applied=5, slates=4, shed=1, pushes=2, lag=gauges.lag, withheld={"quiet_hours": 3})
    assert gauges == shown


def test_a_worker_that_does_not_answer_yet_shows_zeros() -> None:
    assert read_gauges("") == Gauges()


def test_what_was_applied_though_its_answer_was_lost_is_not_waited_for() -> None:
    meters = Meters()
    meters.journeyed("customer-events", 0, {"applied": 5})
    meters.journeyed("customer-events", 0, {"redelivered": 3})
    assert read_gauges(generate_latest(meters.registry).decode()).applied == 8
