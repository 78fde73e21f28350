from hypothesis import given
from hypothesis import strategies as st

from gateway.nearest import AGAIN, FORGET, Nearest
from retail.wire.tags import Heard

TAG = "tag-1"


def told(*sightings: tuple[str, float, int]) -> list[str]:
    """Where the tag was said to be. sightings: gateway, dBm, milliseconds."""
    nearest = Nearest()
    return [gateway for gateway, rssi, at in sightings if nearest.hear(Heard(TAG, gateway, rssi), at)]


def test_who_comes_in_is_told_at_once_and_then_every_few_seconds() -> None:
    assert told(*(("dairy", -60.0, at) for at in range(0, 3 * AGAIN, 1000))) == ["dairy"] * 3


def test_one_stronger_signal_moves_nobody_two_do() -> None:
    still = [("dairy", -60.0, 0), ("bakery", -50.0, 1000), ("dairy", -60.0, 2000)]
    assert told(*still) == ["dairy"]
    assert told(*still, ("bakery", -50.0, 3000)) == ["dairy", "bakery"]


def test_a_signal_that_is_hardly_stronger_moves_nobody() -> None:
    assert told(("dairy", -60.0, 0), *(("bakery", -55.0, at) for at in range(0, 4000, 500))) == ["dairy"]


def test_who_is_lost_is_where_they_are_heard_next() -> None:
    assert told(("dairy", -50.0, 0), ("bakery", -85.0, FORGET + 1)) == ["dairy", "bakery"]


def test_who_is_hardly_heard_is_not_there() -> None:
    assert told(("dairy", -95.0, 0)) == []


@given(st.lists(st.sampled_from(["dairy", "bakery"]), max_size=30), st.floats(-80, -40), st.floats(0, 5.9))
def test_between_two_gateways_nobody_wanders(order: list[str], rssi: float, apart: float) -> None:
    signal = {"dairy": rssi, "bakery": rssi + apart}
    said = told(("dairy", rssi, 0), *((gateway, signal[gateway], n * 100) for n, gateway in enumerate(order)))
    assert set(said) == {"dairy"}
