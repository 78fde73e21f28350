"""Days and hours of a week, also beyond midnight and on the days on which clocks are changed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.weekly import ALL_DAY, DAY, WEEK, Weekday, holds, hours_of, minute_of, zone_of
from tests.shop import HOUR, NOON

MONDAY = frozenset({Weekday.MONDAY})


def at(day: int, hour: int, minute: int = 0) -> int:
    return day * DAY + hour * 60 + minute


def test_it_holds_from_its_beginning_until_before_its_end() -> None:
    morning = hours_of("08:00-12:30")
    moments = [at(0, 7, 59), at(0, 8), at(0, 12, 29), at(0, 12, 30), at(1, 9)]
    assert [holds(MONDAY, morning, minute) for minute in moments] == [False, True, True, False, False]


def test_what_begins_on_sunday_night_goes_on_on_monday() -> None:
    night = hours_of("22:00-06:00")
    sunday = frozenset({Weekday.SUNDAY})
    assert [holds(sunday, night, minute) for minute in (at(6, 23), at(0, 5, 59), at(0, 6), at(5, 23))] == [
        True,
        True,
        False,
        False,
    ]


@given(st.integers(0, WEEK - 1))
def test_without_hours_a_weekday_is_all_of_it_and_without_either_it_always_holds(minute: int) -> None:
    assert holds(MONDAY, hours_of(""), minute) == (minute < DAY)
    assert holds(frozenset(), ALL_DAY, minute)
    assert holds(frozenset(), hours_of("00:00-24:00"), minute)


@pytest.mark.parametrize("text", ["8-12", "08:00", "08:00-08:00", "24:00-08:00", "08:00-24:30", "25:00-26:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is none such as"):
        hours_of(text)


def test_the_clock_is_that_of_the_place() -> None:
    assert minute_of(NOON, zone_of("Europe/Madrid")) == at(0, 13)
    assert minute_of(NOON - 13 * HOUR, zone_of("America/New_York")) == at(6, 18)
    summer = int(datetime(2026, 7, 20, 12, tzinfo=UTC).timestamp() * 1000)
    assert minute_of(summer, zone_of("Europe/Madrid")) == at(0, 14)
    assert zone_of("Atlantis/Centre") is None
    assert minute_of(NOON, None) == at(0, 12)
