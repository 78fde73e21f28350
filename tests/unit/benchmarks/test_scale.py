"""What more partitions and workers cost is told by arrangements of the same round."""

import pytest

from benchmarks.scale import Arrangement, Measured, figures, ratios

FEW, MANY = Arrangement(4, 1), Arrangement(64, 1)


def test_an_hour_in_which_all_is_slow_changes_no_ratio() -> None:
    measured = {
        FEW: [Measured(100, 50, 400), Measured(300, 150, 400), Measured(100, 50, 400)],
        MANY: [Measured(120, 50, 400), Measured(360, 150, 400), Measured(120, 50, 400)],
    }
    assert ratios([[FEW, MANY], []], measured) == {
        "64_partitions_1_workers_times_4_partitions_1_workers": pytest.approx(1.2)
    }
    assert figures(measured)["64_partitions_1_workers_cpu_us_per_event"] == 120
